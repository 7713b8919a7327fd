/* The headers in C++: what must compile does, and the abstract classes have the slots of the C
 * tables. */
#define UNICODE
#include <atlbase.h>
#include <bits.h>
#include <tchar.h>
#include <windows.h>

#include <cstdio>
#include <cstring>
#include <utility>

namespace
{

int failures;

void check(bool good, const char *what)
{
        if (!good) {
                std::fprintf(stderr, "not so: %s\n", what);
                failures++;
        }
}
#define CHECK(what) check((what), #what)

class Callback final : public IBackgroundCopyCallback
{
      public:
        ULONG refs = 1;
        int called = 0;

        STDMETHODIMP QueryInterface(REFIID riid, void **ret) override
        {
                *ret = nullptr;
                if (riid != __uuidof(IUnknown) && riid != __uuidof(IBackgroundCopyCallback))
                        return E_NOINTERFACE;
                AddRef();
                *ret = this;
                return S_OK;
        }
        STDMETHODIMP_(ULONG) AddRef() override
        {
                return ++refs;
        }
        STDMETHODIMP_(ULONG) Release() override
        {
                return --refs;
        }
        STDMETHODIMP JobTransferred(IBackgroundCopyJob *) override
        {
                called = 3;
                return S_OK;
        }
        STDMETHODIMP JobError(IBackgroundCopyJob *, IBackgroundCopyError *) override
        {
                called = 4;
                return S_OK;
        }
        STDMETHODIMP JobModification(IBackgroundCopyJob *, DWORD) override
        {
                called = 5;
                return S_OK;
        }
};

/* As C sees an object: a pointer to a table of functions. */
using Slot = HRESULT (*)(void *, void *, void *);

void test_slots()
{
        Callback callback;
        IBackgroundCopyCallback *interface = &callback;
        Slot *table;

        std::memcpy(&table, static_cast<void *>(interface), sizeof(table));
        for (int slot = 3; slot <= 5; slot++) {
                table[slot](interface, nullptr, nullptr);
                CHECK(callback.called == slot);
        }
}

void test_identifiers()
{
        IBackgroundCopyJob *job = nullptr;

        CHECK(__uuidof(IBackgroundCopyManager) == IID_IBackgroundCopyManager);
        CHECK(__uuidof(BackgroundCopyManager) == CLSID_BackgroundCopyManager);
        CHECK(__uuidof(BackgroundCopyManager4_0) == CLSID_BackgroundCopyManager4_0);
        CHECK(__uuidof(IBitsTokenOptions) == IID_IBitsTokenOptions);
        CHECK(__uuidof(job) == IID_IBackgroundCopyJob);
        CHECK(__uuidof(*job) == IID_IBackgroundCopyJob);
        CHECK(IID_IUnknown != IID_IBackgroundCopyJob);
        CHECK(_tcslen(_T("four")) == 4);
}

void test_pointers()
{
        Callback callback;
        {
                CComPtr<IBackgroundCopyCallback> one(&callback), two(one), three;
                CComPtr<IUnknown> unknown;

                CHECK(callback.refs == 3);
                three = std::move(two);
                CHECK(callback.refs == 3 && !two);
                three = one;
                CHECK(callback.refs == 3);
                CHECK(one.QueryInterface(&unknown) == S_OK && callback.refs == 4);
                three.Release();
                CHECK(callback.refs == 3);
                three.Attach(one.Detach());
                CHECK(callback.refs == 3 && !one);
                three = *&three.p; /* itself */
                CHECK(callback.refs == 3);
        }
        CHECK(callback.refs == 1);
}

void test_calls()
{
        CComPtr<IBackgroundCopyManager> manager;
        HANDLE token;

        CHECK(manager.CoCreateInstance(__uuidof(BackgroundCopyManager)) == CO_E_NOTINITIALIZED);
        CHECK(CoCreateInstance(CLSID_BackgroundCopyManager, nullptr, CLSCTX_ALL,
                               IID_PPV_ARGS(&manager)) == CO_E_NOTINITIALIZED);
        CHECK(!LogonUser(L"x", nullptr, nullptr, LOGON32_LOGON_NETWORK, 0, &token));
        CHECK(GetLastError() == ERROR_INVALID_PARAMETER);
}

} // namespace

int main()
{
        test_slots();
        test_identifiers();
        test_pointers();
        test_calls();
        return failures ? 1 : 0;
}
