/*
 * IUnknown, and how interfaces are declared: once, for C (struct with lpVtbl) and for C++ (abstract
 * class). Compatibility header of bits: not Windows' own, and only as large as such programs need.
 *
 * In C++ CINTERFACE asks for the C form; in C COBJMACROS asks for IFoo_Method(p, ...). A C++
 * program that is built with UBSan needs -fno-sanitize=vptr: objects of the library carry no C++
 * type.
 */
#ifndef BITS_COMPAT_UNKNWN_H
#define BITS_COMPAT_UNKNWN_H

#include <windef.h>

#if defined(__cplusplus) && !defined(CINTERFACE)
#define STDMETHOD(method)        virtual HRESULT STDMETHODCALLTYPE method
#define STDMETHOD_(type, method) virtual type STDMETHODCALLTYPE method
#define PURE                     = 0
#define THIS_
#define THIS                            void
#define DECLARE_INTERFACE(iface)        struct iface
#define DECLARE_INTERFACE_(iface, base) struct iface : public base
#define BITS_UNKNOWN_METHODS            /* inherited */
#else
#define STDMETHOD(method)        HRESULT(STDMETHODCALLTYPE *method)
#define STDMETHOD_(type, method) type(STDMETHODCALLTYPE *method)
#define PURE
#define THIS_ INTERFACE *This,
#define THIS  INTERFACE *This
#define DECLARE_INTERFACE(iface)                                                                   \
        typedef struct iface##Vtbl iface##Vtbl;                                                    \
        struct iface {                                                                             \
                const iface##Vtbl *lpVtbl;                                                         \
        };                                                                                         \
        struct iface##Vtbl
#define DECLARE_INTERFACE_(iface, base) DECLARE_INTERFACE(iface)
#define BITS_UNKNOWN_METHODS                                                                       \
        STDMETHOD(QueryInterface)(THIS_ REFIID riid, void **ppvObject) PURE;                       \
        STDMETHOD_(ULONG, AddRef)(THIS) PURE;                                                      \
        STDMETHOD_(ULONG, Release)(THIS) PURE;
#endif

#ifdef __cplusplus
extern "C++" {
/* uuidof<IFoo>::value() is IFoo's IID; __uuidof(IFoo) and __uuidof(pointer) say it as usual. */
template <typename T> struct uuidof;
template <typename T> struct uuidof<const T> : uuidof<T> {
};
template <typename T> struct uuidof<T *> : uuidof<T> {
};
template <typename T> struct uuidof<T &> : uuidof<T> {
};
}
#define BITS_UUID(type, id)                                                                        \
        extern "C++" template <> struct uuidof<type> {                                             \
                static const GUID &value()                                                         \
                {                                                                                  \
                        return id;                                                                 \
                }                                                                                  \
        };
#ifndef __uuidof
#define __uuidof(x) (uuidof<__typeof__(x)>::value())
#endif
#define IID_PPV_ARGS(ret) __uuidof(**(ret)), reinterpret_cast<void **>(ret)
#else
#define BITS_UUID(type, id)
#endif

EXTERN_C const IID GUID_NULL;
EXTERN_C const IID IID_IUnknown;

typedef struct IUnknown IUnknown;
typedef IUnknown *LPUNKNOWN;

#undef INTERFACE
#define INTERFACE IUnknown
DECLARE_INTERFACE(IUnknown)
{
        /* Another interface of the object, AddRef'ed, in *ppvObject; the caller releases it. Access
         * is checked here (see each interface in bits.h). E_NOINTERFACE, E_POINTER (ppvObject is
         * NULL), E_ACCESSDENIED. Any thread. Page: IUnknown::QueryInterface(REFIID,void**). */
        STDMETHOD(QueryInterface)(THIS_ REFIID riid, void **ppvObject) PURE;
        /* One more owner; the new count, for tests only. Any thread. Page: IUnknown::AddRef. */
        STDMETHOD_(ULONG, AddRef)(THIS) PURE;
        /* One owner less; the last one frees the object, never the job behind it. The new count.
         * Any thread. Page: IUnknown::Release. */
        STDMETHOD_(ULONG, Release)(THIS) PURE;
};

#if (!defined(__cplusplus) || defined(CINTERFACE)) && defined(COBJMACROS)
#define IUnknown_QueryInterface(This, riid, ppvObject)                                             \
        ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#define IUnknown_AddRef(This)  ((This)->lpVtbl->AddRef(This))
#define IUnknown_Release(This) ((This)->lpVtbl->Release(This))
#endif

BITS_UUID(IUnknown, IID_IUnknown)

#endif
