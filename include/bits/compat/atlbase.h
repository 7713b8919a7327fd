/*
 * CComPtr: an interface pointer that releases itself. Compatibility header of bits: not Microsoft's
 * own, and only as large as such programs need. C++ only.
 */
#ifndef BITS_COMPAT_ATLBASE_H
#define BITS_COMPAT_ATLBASE_H

#ifndef __cplusplus
#error "atlbase.h is for C++"
#endif

#include <objbase.h>

template <typename T> class CComPtr
{
      public:
        T *p = nullptr;

        CComPtr() = default;
        CComPtr(T *other) : p(other)
        {
                if (p)
                        p->AddRef();
        }
        CComPtr(const CComPtr &other) : CComPtr(other.p) {}
        CComPtr(CComPtr &&other) noexcept : p(other.Detach()) {}
        ~CComPtr()
        {
                Release();
        }

        T *operator=(T *other)
        {
                CComPtr copy(other);

                Swap(copy);
                return p;
        }
        CComPtr &operator=(const CComPtr &other)
        {
                *this = other.p;
                return *this;
        }
        CComPtr &operator=(CComPtr &&other) noexcept
        {
                Swap(other);
                return *this;
        }

        operator T *() const
        {
                return p;
        }
        T &operator*() const
        {
                return *p;
        }
        T *operator->() const
        {
                return p;
        }
        /* For a call that fills it; it must be empty. */
        T **operator&()
        {
                return &p;
        }
        bool operator!() const
        {
                return !p;
        }

        void Release()
        {
                T *old = Detach();

                if (old)
                        old->Release();
        }
        void Attach(T *other)
        {
                Release();
                p = other;
        }
        T *Detach()
        {
                T *old = p;

                p = nullptr;
                return old;
        }
        HRESULT CopyTo(T **ret) const
        {
                if (!ret)
                        return E_POINTER;
                *ret = p;
                if (p)
                        p->AddRef();
                return S_OK;
        }
        HRESULT CoCreateInstance(REFCLSID clsid, LPUNKNOWN outer = nullptr,
                                 DWORD context = CLSCTX_ALL)
        {
                return ::CoCreateInstance(clsid, outer, context, uuidof<T>::value(),
                                          reinterpret_cast<void **>(&p));
        }
        template <typename Other> HRESULT QueryInterface(Other **ret) const
        {
                return p->QueryInterface(uuidof<Other>::value(), reinterpret_cast<void **>(ret));
        }

      private:
        void Swap(CComPtr &other)
        {
                T *mine = p;

                p = other.p;
                other.p = mine;
        }
};

#endif
