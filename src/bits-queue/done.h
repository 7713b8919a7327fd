/*
 * How a verb answers that cannot answer at once: whoever starts it gives a Done, which is called
 * exactly once, never from within the call that took it unless the call is refused, and after the
 * commit that holds what it says.
 */
#pragma once

#include <bitsmsg.h>

typedef struct Done {
        void (*call)(void *userdata, HRESULT hr);
        void *userdata;
} Done;

static inline void done_call(const Done *done, HRESULT hr)
{
        if (done->call)
                done->call(done->userdata, hr);
}
