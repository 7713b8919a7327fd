/*
 * CoCreateInstance. A program tells the version by whether its class is registered, so one is when
 * what the version added is served. 3.0 is, although IBitsPeerCacheAdministration is not served:
 * from BITS 4.0 on nothing is behind it.
 */
#include <bits.h>

#include "base/cleanup.h"
#include "libbits/apartment.h"
#include "libbits/connection.h"
#include "libbits/manager.h"

static bool is_registered(REFCLSID clsid)
{
        static const CLSID *const classes[] = {
                &CLSID_BackgroundCopyManager,     &CLSID_BackgroundCopyManager1_5,
                &CLSID_BackgroundCopyManager2_0,  &CLSID_BackgroundCopyManager2_5,
                &CLSID_BackgroundCopyManager3_0,  &CLSID_BackgroundCopyManager4_0,
                &CLSID_BackgroundCopyManager5_0,  &CLSID_BackgroundCopyManager10_1,
                &CLSID_BackgroundCopyManager10_2, &CLSID_BackgroundCopyManager10_3,
        };

        for (size_t i = 0; i < ELEMENTS(classes); i++)
                if (IsEqualCLSID(clsid, classes[i]))
                        return true;
        return false;
}

HRESULT CoCreateInstance(REFCLSID rclsid, LPUNKNOWN pUnkOuter, DWORD dwClsContext, REFIID riid,
                         LPVOID *ppv)
{
        IBackgroundCopyManager *manager;
        Apartment *apartment;
        HRESULT hr;

        if (!ppv)
                return E_POINTER;
        *ppv = NULL;
        if (!rclsid || !riid)
                return E_INVALIDARG;
        apartment = apartment_current();
        if (!apartment)
                return CO_E_NOTINITIALIZED;
        apartment_unref(apartment);
        if (!is_registered(rclsid) || !(dwClsContext & CLSCTX_LOCAL_SERVER))
                return REGDB_E_CLASSNOTREG;
        if (pUnkOuter)
                return CLASS_E_NOAGGREGATION;
        hr = connection_open();
        if (SUCCEEDED(hr))
                hr = manager_new(&manager);
        if (FAILED(hr))
                return hr;
        hr = manager->lpVtbl->QueryInterface(manager, riid, ppv);
        manager->lpVtbl->Release(manager);
        return hr;
}
