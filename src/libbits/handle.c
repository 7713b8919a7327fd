/* The table of handles. Invariant: a slot's generation changes whenever its handle is closed, so
 * the same number is not given out twice in a row. */
#include "libbits/handle.h"

#include <pthread.h>
#include <stdlib.h>

#include <windows.h>

#define SLOTS_MAX      65536
#define SLOT_BITS      20 /* of a handle: slot + 1; above it the generation; the low two are 0 */
#define PSEUDO_PROCESS ((HANDLE)(LONG_PTR)-1)
#define PSEUDO_THREAD  ((HANDLE)(LONG_PTR)-2)

typedef struct Slot {
        Token *token; /* NULL: free */
        uint32_t generation;
} Slot;

static struct {
        pthread_mutex_t lock;
        Slot *slots;
        size_t n;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static HANDLE number_of(size_t slot)
{
        uint64_t number = (uint64_t)table.slots[slot].generation << SLOT_BITS | (slot + 1);

        return (HANDLE)(uintptr_t)(number << 2);
}

/* The slot of a live handle, or NULL. Under the lock. */
static Slot *find(HANDLE handle)
{
        uint64_t number = (uintptr_t)handle >> 2;
        uint64_t slot = (number & ((1U << SLOT_BITS) - 1)) - 1;

        if ((uintptr_t)handle & 3 || slot >= table.n || !table.slots[slot].token)
                return NULL;
        return number_of((size_t)slot) == handle ? &table.slots[slot] : NULL;
}

/* A free slot's index, SIZE_MAX without memory. Under the lock. */
static size_t find_free(void)
{
        size_t first = table.n, n = first ? 2 * first : 16;
        Slot *slots;

        for (size_t i = 0; i < table.n; i++)
                if (!table.slots[i].token)
                        return i;
        slots = reallocarray(table.slots, n, sizeof(*slots));
        if (!slots)
                return SIZE_MAX;
        for (size_t i = first; i < n; i++)
                slots[i] = (Slot){.generation = 1};
        table.slots = slots;
        table.n = n;
        return first;
}

DWORD handle_new(Token *token, HANDLE *ret)
{
        DWORD error = ERROR_SUCCESS;
        size_t slot;

        pthread_mutex_lock(&table.lock);
        slot = find_free();
        if (slot == SIZE_MAX)
                error = ERROR_NOT_ENOUGH_MEMORY;
        else if (slot >= SLOTS_MAX)
                error = ERROR_NOT_ENOUGH_QUOTA;
        else {
                table.slots[slot].token = token;
                *ret = number_of(slot);
        }
        pthread_mutex_unlock(&table.lock);
        if (error)
                token_unref(token);
        return error;
}

Token *handle_token(HANDLE handle)
{
        Token *token = NULL;
        Slot *slot;

        pthread_mutex_lock(&table.lock);
        slot = find(handle);
        if (slot)
                token = token_ref(slot->token);
        pthread_mutex_unlock(&table.lock);
        return token;
}

BOOL CloseHandle(HANDLE hObject)
{
        Token *token = NULL;
        Slot *slot;

        if (hObject == PSEUDO_PROCESS || hObject == PSEUDO_THREAD)
                return TRUE;
        pthread_mutex_lock(&table.lock);
        slot = find(hObject);
        if (slot) {
                token = slot->token;
                slot->token = NULL;
                slot->generation++;
        }
        pthread_mutex_unlock(&table.lock);
        if (!token) {
                SetLastError(ERROR_INVALID_HANDLE);
                return FALSE;
        }
        token_unref(token);
        return TRUE;
}

HANDLE GetCurrentProcess(void)
{
        return PSEUDO_PROCESS;
}

HANDLE GetCurrentThread(void)
{
        return PSEUDO_THREAD;
}
