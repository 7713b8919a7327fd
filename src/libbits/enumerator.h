/*
 * Enumerators: a list of interface pointers, fixed when it was made, and a place in it. One engine;
 * enum-jobs.c and enum-files.c give it its two faces by ENUMERATOR().
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>

#include <bits.h>

#include "libbits/security.h"

/* The elements, shared by an enumerator and its clones. */
typedef struct Snapshot Snapshot;
Snapshot *snapshot_new(void); /* NULL: no memory */
HRESULT snapshot_append(Snapshot *snapshot,
                        void *element); /* takes the reference, also on failure */
Snapshot *snapshot_unref(Snapshot *snapshot);
static inline void snapshot_unrefp(Snapshot **snapshot)
{
        snapshot_unref(*snapshot);
}

typedef struct Enumerator Enumerator;
HRESULT enumerator_new(const void *vtbl, REFIID iid, Snapshot *snapshot, void **ret);
HRESULT enumerator_query(void *face, REFIID riid, void **ret);
ULONG enumerator_add_ref(void *face);
ULONG enumerator_release(void *face);
HRESULT enumerator_next(void *face, ULONG count, void **ret, ULONG *ret_fetched);
HRESULT enumerator_skip(void *face, ULONG count);
HRESULT enumerator_reset(void *face);
HRESULT enumerator_clone(void *face, void **ret);
HRESULT enumerator_count(void *face, ULONG *ret);

Blanket *enumerator_blanket(const IUnknown *proxy); /* NULL: not an enumerator of ours */

HRESULT enum_jobs_new(Snapshot *snapshot, IEnumBackgroundCopyJobs **ret);
HRESULT enum_files_new(Snapshot *snapshot, IEnumBackgroundCopyFiles **ret);
extern const IEnumBackgroundCopyJobsVtbl enum_jobs_vtbl;
extern const IEnumBackgroundCopyFilesVtbl enum_files_vtbl;

/* An interface's methods in its own types, so that every call through the vtable has the type it
 * was declared with. */
#define ENUMERATOR(name, Interface, Element)                                                       \
        static HRESULT name##_query(Interface *This, REFIID riid, void **ppvObject)                \
        {                                                                                          \
                return enumerator_query(This, riid, ppvObject);                                    \
        }                                                                                          \
        static ULONG name##_add_ref(Interface *This)                                               \
        {                                                                                          \
                return enumerator_add_ref(This);                                                   \
        }                                                                                          \
        static ULONG name##_release(Interface *This)                                               \
        {                                                                                          \
                return enumerator_release(This);                                                   \
        }                                                                                          \
        static HRESULT name##_next(Interface *This, ULONG celt, Element **rgelt,                   \
                                   ULONG *pceltFetched)                                            \
        {                                                                                          \
                return enumerator_next(This, celt, (void **)rgelt, pceltFetched);                  \
        }                                                                                          \
        static HRESULT name##_skip(Interface *This, ULONG celt)                                    \
        {                                                                                          \
                return enumerator_skip(This, celt);                                                \
        }                                                                                          \
        static HRESULT name##_reset(Interface *This)                                               \
        {                                                                                          \
                return enumerator_reset(This);                                                     \
        }                                                                                          \
        static HRESULT name##_clone(Interface *This, Interface **ppEnum)                           \
        {                                                                                          \
                return enumerator_clone(This, (void **)ppEnum);                                    \
        }                                                                                          \
        static HRESULT name##_count(Interface *This, ULONG *puCount)                               \
        {                                                                                          \
                return enumerator_count(This, puCount);                                            \
        }                                                                                          \
        const Interface##Vtbl name##_vtbl = {                                                      \
                name##_query, name##_add_ref, name##_release, name##_next,                         \
                name##_skip,  name##_reset,   name##_clone,   name##_count,                        \
        };                                                                                         \
        HRESULT name##_new(Snapshot *snapshot, Interface **ret)                                    \
        {                                                                                          \
                return enumerator_new(&name##_vtbl, &IID_##Interface, snapshot, (void **)ret);     \
        }
