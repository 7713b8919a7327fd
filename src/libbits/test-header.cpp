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

class Callback final : public IBackgroundCopyCallback3
{
      public:
        ULONG refs = 1;
        int called = 0;

        STDMETHODIMP QueryInterface(REFIID riid, void **ret) override
        {
                *ret = nullptr;
                if (riid != __uuidof(IUnknown) && riid != __uuidof(IBackgroundCopyCallback) &&
                    riid != __uuidof(IBackgroundCopyCallback2) &&
                    riid != __uuidof(IBackgroundCopyCallback3))
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
        STDMETHODIMP FileTransferred(IBackgroundCopyJob *, IBackgroundCopyFile *) override
        {
                called = 6;
                return S_OK;
        }
        STDMETHODIMP FileRangesTransferred(IBackgroundCopyJob *, IBackgroundCopyFile *, DWORD,
                                           const BG_FILE_RANGE *) override
        {
                called = 7;
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
        for (int slot = 3; slot <= 7; slot++) {
                table[slot](interface, nullptr, nullptr);
                CHECK(callback.called == slot);
        }
}

/* As C++ sees an object that C made: each method lands where the documentation counts it. */
int called;

template <int slot> HRESULT note(void *, void *, void *)
{
        called = slot;
        return S_OK;
}

template <int... slots> const Slot *make_table(std::integer_sequence<int, slots...>)
{
        static const Slot table[] = {note<slots>...};
        return table;
}

void test_slots_of_proxies()
{
        const Slot *table = make_table(std::make_integer_sequence<int, 55>());
        auto *job = reinterpret_cast<IBackgroundCopyJob5 *>(&table);
        auto *file = reinterpret_cast<IBackgroundCopyFile6 *>(&table);

#define LANDS(call, slot) CHECK((call) == S_OK && called == (slot))
        LANDS(job->AddFileSet(0, nullptr), 3);
        LANDS(job->TakeOwnership(), 34);
        LANDS(job->SetNotifyCmdLine(nullptr, nullptr), 35);
        LANDS(job->GetReplyProgress(nullptr), 37);
        LANDS(job->GetReplyData(nullptr, nullptr), 38);
        LANDS(job->GetReplyFileName(nullptr), 40);
        LANDS(job->SetCredentials(nullptr), 41);
        LANDS(job->RemoveCredentials(BG_AUTH_TARGET_SERVER, BG_AUTH_SCHEME_BASIC), 42);
        LANDS(job->ReplaceRemotePrefix(nullptr, nullptr), 43);
        LANDS(job->AddFileWithRanges(nullptr, nullptr, 0, nullptr), 44);
        LANDS(job->GetFileACLFlags(nullptr), 46);
        LANDS(job->SetPeerCachingFlags(0), 47);
        LANDS(job->GetOwnerIntegrityLevel(nullptr), 49);
        LANDS(job->GetMaximumDownloadTime(nullptr), 52);
        LANDS(job->SetProperty(BITS_JOB_PROPERTY_ON_DEMAND_MODE, BITS_JOB_PROPERTY_VALUE()), 53);
        LANDS(job->GetProperty(BITS_JOB_PROPERTY_ID_COST_FLAGS, nullptr), 54);
        auto *http = reinterpret_cast<IBackgroundCopyJobHttpOptions3 *>(&table);
        LANDS(http->SetClientCertificateByID(BG_CERT_STORE_LOCATION_USERS, nullptr, nullptr), 3);
        LANDS(http->GetClientCertificate(nullptr, nullptr, nullptr, nullptr), 6);
        LANDS(http->SetCustomHeaders(nullptr), 7);
        LANDS(http->GetSecurityFlags(nullptr), 10);
        LANDS(http->SetHttpMethod(nullptr), 11);
        LANDS(http->SetServerCertificateValidationInterface(nullptr), 13);
        LANDS(http->MakeCustomHeadersWriteOnly(), 14);
        LANDS(file->GetRemoteName(nullptr), 3);
        LANDS(file->GetFileRanges(nullptr, nullptr), 6);
        LANDS(file->SetRemoteName(nullptr), 7);
        LANDS(file->GetTemporaryName(nullptr), 8);
        LANDS(file->SetValidationState(TRUE), 9);
        LANDS(file->IsDownloadedFromPeer(nullptr), 11);
        LANDS(file->GetPeerDownloadStats(nullptr, nullptr), 12);
        LANDS(file->SetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS,
                                BITS_FILE_PROPERTY_VALUE()),
              13);
        LANDS(file->GetProperty(BITS_FILE_PROPERTY_ID_HTTP_RESPONSE_HEADERS, nullptr), 14);
        LANDS(file->UpdateDownloadPosition(0), 15);
        LANDS(file->RequestFileRanges(0, nullptr), 16);
        LANDS(file->GetFilledFileRanges(nullptr, nullptr), 17);
}

void test_identifiers()
{
        IBackgroundCopyJob *job = nullptr;

        CHECK(__uuidof(IBackgroundCopyManager) == IID_IBackgroundCopyManager);
        CHECK(__uuidof(BackgroundCopyManager) == CLSID_BackgroundCopyManager);
        CHECK(__uuidof(BackgroundCopyManager4_0) == CLSID_BackgroundCopyManager4_0);
        CHECK(__uuidof(IBitsTokenOptions) == IID_IBitsTokenOptions);
        CHECK(__uuidof(BackgroundCopyManager1_5) == CLSID_BackgroundCopyManager1_5);
        CHECK(__uuidof(BackgroundCopyManager2_0) == CLSID_BackgroundCopyManager2_0);
        CHECK(__uuidof(BackgroundCopyManager3_0) == CLSID_BackgroundCopyManager3_0);
        CHECK(__uuidof(BackgroundCopyManager5_0) == CLSID_BackgroundCopyManager5_0);
        CHECK(__uuidof(BackgroundCopyManager10_1) == CLSID_BackgroundCopyManager10_1);
        CHECK(__uuidof(IBackgroundCopyJob2) == IID_IBackgroundCopyJob2);
        CHECK(__uuidof(IBackgroundCopyJob3) == IID_IBackgroundCopyJob3);
        CHECK(__uuidof(IBackgroundCopyJob4) == IID_IBackgroundCopyJob4);
        CHECK(__uuidof(IBackgroundCopyJob5) == IID_IBackgroundCopyJob5);
        CHECK(__uuidof(IBackgroundCopyFile2) == IID_IBackgroundCopyFile2);
        CHECK(__uuidof(IBackgroundCopyFile3) == IID_IBackgroundCopyFile3);
        CHECK(__uuidof(IBackgroundCopyFile4) == IID_IBackgroundCopyFile4);
        CHECK(__uuidof(IBackgroundCopyFile5) == IID_IBackgroundCopyFile5);
        CHECK(__uuidof(IBackgroundCopyFile6) == IID_IBackgroundCopyFile6);
        CHECK(__uuidof(IBackgroundCopyCallback2) == IID_IBackgroundCopyCallback2);
        CHECK(__uuidof(IBackgroundCopyCallback3) == IID_IBackgroundCopyCallback3);
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
        test_slots_of_proxies();
        test_identifiers();
        test_pointers();
        test_calls();
        return failures ? 1 : 0;
}
