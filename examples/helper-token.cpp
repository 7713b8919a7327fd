/*
 * A file arrives as somebody else, in C++: helper-token.c tells the same story step by step.
 *
 *     c++ -o helper-token helper-token.cpp $(pkg-config --cflags --libs bits)
 *     ./helper-token http://host/file /home/bob/file . bob
 *
 * Here pointers release themselves, a failing call throws, and whoever owns something undoes it.
 */
#define UNICODE
#include <atlbase.h>
#include <bits.h>
#include <windows.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

#include <termios.h>
#include <unistd.h>

namespace
{

constexpr int limit_minutes = 15;

/* ---- failing
 * --------------------------------------------------------------------------------------- */

struct Failure {
        const char *call;
        HRESULT hr;
};

void report(const Failure &failure)
{
        std::fprintf(stderr, "helper-token: %s failed: 0x%08X\n", failure.call,
                     static_cast<unsigned>(failure.hr));
}

void check(const char *call, HRESULT hr)
{
        if (FAILED(hr))
                throw Failure{call, hr};
}

/* For the calls that answer TRUE or FALSE and leave the reason in GetLastError. */
void check(const char *call, bool ok)
{
        if (!ok)
                throw Failure{call, HRESULT_FROM_WIN32(GetLastError())};
}

void cancel(IBackgroundCopyJob *job)
{
        HRESULT hr = job->Cancel();

        if (FAILED(hr))
                report({"IBackgroundCopyJob::Cancel", hr});
}

/* ---- owners
 * ---------------------------------------------------------------------------------------- */

/* 1. COM, with this thread as an apartment of its own. */
struct Com {
        Com()
        {
                check("CoInitializeEx", CoInitializeEx(nullptr, COINIT_APARTMENTTHREADED));
        }
        ~Com()
        {
                CoUninitialize();
        }
        Com(const Com &) = delete;
        Com &operator=(const Com &) = delete;
};

/* 9. Somebody logged on: only his password makes this possible. */
struct LogOn {
        HANDLE token = nullptr;

        LogOn(const std::wstring &domain, const std::wstring &user, const std::wstring &password)
        {
                check("LogonUser", LogonUser(user.c_str(), domain.c_str(), password.c_str(),
                                             LOGON32_LOGON_INTERACTIVE, LOGON32_PROVIDER_DEFAULT,
                                             &token) != FALSE);
        }
        ~LogOn()
        {
                CloseHandle(token);
        }
        LogOn(const LogOn &) = delete;
        LogOn &operator=(const LogOn &) = delete;
};

/* 10. This thread speaks to BITS as him; 13. until the end of the scope. */
struct Impersonation {
        explicit Impersonation(const LogOn &who)
        {
                check("ImpersonateLoggedOnUser", ImpersonateLoggedOnUser(who.token) != FALSE);
        }
        ~Impersonation()
        {
                RevertToSelf();
        }
        Impersonation(const Impersonation &) = delete;
        Impersonation &operator=(const Impersonation &) = delete;
};

/* ---- the callback object
 * --------------------------------------------------------------------------- */

class Callback final : public IBackgroundCopyCallback
{
      public:
        bool succeeded = false;

        STDMETHODIMP QueryInterface(REFIID riid, void **ret) override
        {
                if (!ret)
                        return E_POINTER;
                *ret = nullptr;
                if (riid != __uuidof(IUnknown) && riid != __uuidof(IBackgroundCopyCallback))
                        return E_NOINTERFACE;
                AddRef();
                *ret = static_cast<IBackgroundCopyCallback *>(this);
                return S_OK;
        }
        STDMETHODIMP_(ULONG) AddRef() override
        {
                return ++refs;
        }
        STDMETHODIMP_(ULONG) Release() override
        {
                ULONG left = --refs;

                if (left == 0)
                        delete this;
                return left;
        }

        /* All bytes are there, under a temporary name. Complete gives the file its own. */
        STDMETHODIMP JobTransferred(IBackgroundCopyJob *job) override
        {
                HRESULT hr = job->Complete();

                if (FAILED(hr)) {
                        report({"IBackgroundCopyJob::Complete", hr});
                        cancel(job);
                } else {
                        succeeded = hr == S_OK;
                        std::puts("The file is there.");
                }
                PostQuitMessage(0);
                return S_OK; /* handled: the service need not call again */
        }
        STDMETHODIMP JobError(IBackgroundCopyJob *job, IBackgroundCopyError *error) override
        {
                BG_ERROR_CONTEXT context = BG_ERROR_CONTEXT_NONE;
                HRESULT code = E_FAIL, hr;
                LPWSTR text = nullptr;

                hr = error->GetError(&context, &code);
                if (FAILED(hr))
                        report({"IBackgroundCopyError::GetError", hr});
                std::fprintf(stderr, "helper-token: the transfer failed: 0x%08X (context %d)\n",
                             static_cast<unsigned>(code), static_cast<int>(context));
                if (SUCCEEDED(error->GetErrorDescription(LANGIDFROMLCID(GetThreadLocale()), &text)))
                        std::fprintf(stderr, "helper-token: %ls\n", text);
                CoTaskMemFree(text);
                cancel(job);
                PostQuitMessage(1);
                return S_OK;
        }
        STDMETHODIMP JobModification(IBackgroundCopyJob *, DWORD) override
        {
                return S_OK; /* not asked for */
        }

      private:
        ULONG refs = 0; /* one thread's alone, in its apartment */

        ~Callback() = default;
};

/* ---- the story
 * ------------------------------------------------------------------------------------- */

struct Arguments {
        std::wstring remote, local, domain, user, password;
};

void lend_token(IBackgroundCopyJob *job, const Arguments &a)
{
        /* 8. The part of the job that takes tokens; ask while we are still ourselves. */
        CComPtr<IBitsTokenOptions> options;
        check("IBackgroundCopyJob::QueryInterface(IBitsTokenOptions)",
              job->QueryInterface(IID_PPV_ARGS(&options)));

        LogOn helper(a.domain, a.user, a.password);
        Impersonation as_helper(helper);

        /* 11. What BITS finds on this thread is his token. */
        check("IBitsTokenOptions::SetHelperToken", options->SetHelperToken());
        /* 12. It is for the local files; the server still sees the owner. */
        check("IBitsTokenOptions::SetHelperTokenFlags",
              options->SetHelperTokenFlags(BG_TOKEN_LOCAL_FILE));
}

/* 16. Callbacks come while this thread looks for messages. */
void pump_messages()
{
        ULONGLONG now = GetTickCount64(), end = now + limit_minutes * 60 * 1000;
        MSG msg;

        for (; now < end; now = GetTickCount64()) {
                while (PeekMessage(&msg, nullptr, 0, 0, PM_REMOVE)) {
                        if (msg.message == WM_QUIT)
                                return;
                        TranslateMessage(&msg);
                        DispatchMessage(&msg);
                }
                MsgWaitForMultipleObjects(0, nullptr, FALSE, static_cast<DWORD>(end - now),
                                          QS_ALLINPUT);
        }
        throw Failure{"the transfer (15 minutes)", HRESULT_FROM_WIN32(ERROR_TIMEOUT)};
}

bool transfer(const Arguments &a)
{
        Com com;

        /* 2. BITS may impersonate us, and looks at the thread's identity at every call. */
        check("CoInitializeSecurity",
              CoInitializeSecurity(nullptr, -1, nullptr, nullptr, RPC_C_AUTHN_LEVEL_CONNECT,
                                   RPC_C_IMP_LEVEL_IMPERSONATE, nullptr, EOAC_DYNAMIC_CLOAKING,
                                   nullptr));

        /* 3. The service. */
        CComPtr<IBackgroundCopyManager> manager;
        check("CoCreateInstance", manager.CoCreateInstance(__uuidof(BackgroundCopyManager), nullptr,
                                                           CLSCTX_LOCAL_SERVER));

        /* 4. A job: empty, suspended, ours. */
        CComPtr<IBackgroundCopyJob> job;
        GUID id;
        check("IBackgroundCopyManager::CreateJob",
              manager->CreateJob(L"HelperTokenSample", BG_JOB_TYPE_DOWNLOAD, &id, &job));

        /* 5. The object that hears how it ends. */
        CComPtr<Callback> callback(new Callback);

        try {
                /* 6. Whom to call, 7. and when. */
                check("IBackgroundCopyJob::SetNotifyInterface", job->SetNotifyInterface(callback));
                check("IBackgroundCopyJob::SetNotifyFlags",
                      job->SetNotifyFlags(BG_NOTIFY_JOB_TRANSFERRED | BG_NOTIFY_JOB_ERROR));
                lend_token(job, a); /* 8 to 13 */
                /* 14. The file; the directory is tried with the token at once. */
                check("IBackgroundCopyJob::AddFile",
                      job->AddFile(a.remote.c_str(), a.local.c_str()));
                /* 15. Off it goes, in the background. */
                check("IBackgroundCopyJob::Resume", job->Resume());
                pump_messages();
        } catch (...) {
                cancel(job); /* a job that nobody ends stays in the queue */
                throw;
        }
        return callback->succeeded;
}

/* ---- arguments
 * ------------------------------------------------------------------------------------- */

/* Text of the program's locale as the wide text of the interface. */
std::wstring widen(const std::string &text)
{
        std::size_t length = std::mbstowcs(nullptr, text.c_str(), 0);

        if (length == static_cast<std::size_t>(-1))
                throw Failure{"mbstowcs (an argument is not text in this locale)", E_INVALIDARG};
        std::wstring wide(length, L'\0');
        std::mbstowcs(&wide[0], text.c_str(), length);
        return wide;
}

template <typename Text> void wipe(Text &secret)
{
        SecureZeroMemory(&secret[0], secret.size() * sizeof(secret[0]));
}

/* One line: from the terminal without echo, else from standard input. */
std::string read_password()
{
        struct termios echo, silent;
        bool terminal = tcgetattr(STDIN_FILENO, &echo) == 0;
        std::string line;

        if (terminal) {
                std::cerr << "Password: ";
                silent = echo;
                silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
        }
        bool complete = static_cast<bool>(std::getline(std::cin, line));
        if (terminal) {
                tcsetattr(STDIN_FILENO, TCSAFLUSH, &echo);
                std::cerr << '\n';
        }
        if (!complete)
                throw Failure{"reading the password", HRESULT_FROM_WIN32(ERROR_HANDLE_EOF)};
        return line;
}

} // namespace

int main(int argc, char **argv)
{
        std::setlocale(LC_ALL, "");
        if (argc < 5 || argc > 6) {
                std::cerr << "usage: helper-token REMOTE LOCAL DOMAIN USER [PASSWORD]\n";
                return 2;
        }
        try {
                std::string password = argc == 6 ? argv[5] : read_password();
                Arguments a{widen(argv[1]), widen(argv[2]), widen(argv[3]), widen(argv[4]),
                            widen(password)};

                wipe(password);
                bool succeeded = transfer(a);
                wipe(a.password);
                return succeeded ? 0 : 1;
        } catch (const Failure &failure) {
                report(failure);
        } catch (const std::exception &other) {
                std::cerr << "helper-token: " << other.what() << '\n';
        }
        return 1;
}
