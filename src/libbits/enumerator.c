/* The engine of the enumerators. Invariant: a snapshot does not change once an enumerator has it;
 * the place in it is the enumerator's own. */
#include "libbits/enumerator.h"

#include <pthread.h>
#include <stdatomic.h>

struct Snapshot {
        atomic_uint refs;
        size_t n, size;
        IUnknown **elements;
};

struct Enumerator {
        IUnknown face; /* its vtable is an interface's whole one */
        atomic_uint refs;
        Blanket blanket;
        REFIID iid;
        Snapshot *snapshot;
        pthread_mutex_t lock; /* of place */
        size_t place;
};

Snapshot *snapshot_new(void)
{
        Snapshot *snapshot = calloc(1, sizeof(*snapshot));

        if (snapshot)
                snapshot->refs = 1;
        return snapshot;
}

HRESULT snapshot_append(Snapshot *snapshot, void *element)
{
        IUnknown *unknown = element;

        if (snapshot->n == snapshot->size) {
                size_t size = snapshot->size ? 2 * snapshot->size : 16;
                IUnknown **more = reallocarray(snapshot->elements, size, sizeof(IUnknown *));

                if (!more) {
                        unknown->lpVtbl->Release(unknown);
                        return E_OUTOFMEMORY;
                }
                snapshot->elements = more;
                snapshot->size = size;
        }
        snapshot->elements[snapshot->n++] = unknown;
        return S_OK;
}

Snapshot *snapshot_unref(Snapshot *snapshot)
{
        if (!snapshot || atomic_fetch_sub(&snapshot->refs, 1) != 1)
                return NULL;
        for (size_t i = 0; i < snapshot->n; i++)
                snapshot->elements[i]->lpVtbl->Release(snapshot->elements[i]);
        free(snapshot->elements);
        free(snapshot);
        return NULL;
}

static Enumerator *impl_from_face(void *face)
{
        return (Enumerator *)((char *)face - offsetof(Enumerator, face));
}

HRESULT enumerator_new(const void *vtbl, REFIID iid, Snapshot *snapshot, void **ret)
{
        Enumerator *enumerator = calloc(1, sizeof(*enumerator));

        if (!enumerator)
                return E_OUTOFMEMORY;
        atomic_fetch_add(&snapshot->refs, 1);
        *enumerator = (Enumerator){
                .face.lpVtbl = vtbl,
                .refs = 1,
                .blanket = BLANKET_DEFAULT,
                .iid = iid,
                .snapshot = snapshot,
        };
        pthread_mutex_init(&enumerator->lock, NULL);
        *ret = &enumerator->face;
        return S_OK;
}

HRESULT enumerator_query(void *face, REFIID riid, void **ret)
{
        if (!riid || !ret)
                return E_POINTER;
        *ret = NULL;
        if (!IsEqualIID(riid, &IID_IUnknown) && !IsEqualIID(riid, impl_from_face(face)->iid))
                return E_NOINTERFACE;
        enumerator_add_ref(face);
        *ret = face;
        return S_OK;
}

ULONG enumerator_add_ref(void *face)
{
        return atomic_fetch_add(&impl_from_face(face)->refs, 1) + 1;
}

ULONG enumerator_release(void *face)
{
        Enumerator *enumerator = impl_from_face(face);
        ULONG left = atomic_fetch_sub(&enumerator->refs, 1) - 1;

        if (left == 0) {
                blanket_clear(&enumerator->blanket);
                snapshot_unref(enumerator->snapshot);
                pthread_mutex_destroy(&enumerator->lock);
                free(enumerator);
        }
        return left;
}

/* Moves on by up to count; the place before it and how many it were. */
static size_t advance(Enumerator *enumerator, size_t count, size_t *ret_place)
{
        size_t left;

        pthread_mutex_lock(&enumerator->lock);
        left = enumerator->snapshot->n - enumerator->place;
        if (count > left)
                count = left;
        *ret_place = enumerator->place;
        enumerator->place += count;
        pthread_mutex_unlock(&enumerator->lock);
        return count;
}

HRESULT enumerator_next(void *face, ULONG count, void **ret, ULONG *ret_fetched)
{
        Enumerator *enumerator = impl_from_face(face);
        size_t place, n;

        if ((!ret && count > 0) || (!ret_fetched && count != 1))
                return E_INVALIDARG;
        n = advance(enumerator, count, &place);
        for (size_t i = 0; i < n; i++) {
                IUnknown *element = enumerator->snapshot->elements[place + i];

                element->lpVtbl->AddRef(element);
                ret[i] = element;
        }
        if (ret_fetched)
                *ret_fetched = (ULONG)n;
        return n == count ? S_OK : S_FALSE;
}

HRESULT enumerator_skip(void *face, ULONG count)
{
        size_t place;

        return advance(impl_from_face(face), count, &place) == count ? S_OK : S_FALSE;
}

HRESULT enumerator_reset(void *face)
{
        Enumerator *enumerator = impl_from_face(face);

        pthread_mutex_lock(&enumerator->lock);
        enumerator->place = 0;
        pthread_mutex_unlock(&enumerator->lock);
        return S_OK;
}

HRESULT enumerator_clone(void *face, void **ret)
{
        Enumerator *enumerator = impl_from_face(face);
        HRESULT hr;

        if (!ret)
                return E_INVALIDARG;
        hr = enumerator_new(enumerator->face.lpVtbl, enumerator->iid, enumerator->snapshot, ret);
        if (SUCCEEDED(hr))
                (void)advance(enumerator, 0, &impl_from_face(*ret)->place);
        return hr;
}

HRESULT enumerator_count(void *face, ULONG *ret)
{
        if (!ret)
                return E_INVALIDARG;
        *ret = (ULONG)impl_from_face(face)->snapshot->n;
        return S_OK;
}

Blanket *enumerator_blanket(const IUnknown *proxy)
{
        const void *vtbl = proxy->lpVtbl;

        return vtbl == &enum_jobs_vtbl || vtbl == &enum_files_vtbl
                       ? &impl_from_face((void *)proxy)->blanket
                       : NULL;
}
