/* The memory that passes between the library and its caller: plain malloc, under its COM names. */
#include <stdlib.h>

#include <objbase.h>

LPVOID CoTaskMemAlloc(SIZE_T cb)
{
        return malloc(cb ? cb : 1);
}

LPVOID CoTaskMemRealloc(LPVOID pv, SIZE_T cb)
{
        if (cb == 0 && pv) {
                free(pv);
                return NULL;
        }
        return realloc(pv, cb ? cb : 1);
}

void CoTaskMemFree(LPVOID pv)
{
        free(pv);
}
