/* What LogonUser answers: logon-error ACCOUNT <PASSWORD prints GetLastError(), 0 for a good log-on.
 */
#include <stdio.h>
#include <string.h>
#include <windows.h>

int main(int argc, char **argv)
{
        char password[128] = "";
        HANDLE token = NULL;
        BOOL good;

        if (argc != 2 || !fgets(password, sizeof(password), stdin))
                return 2;
        password[strcspn(password, "\n")] = 0;
        good = LogonUserA(argv[1], NULL, password, LOGON32_LOGON_INTERACTIVE,
                          LOGON32_PROVIDER_DEFAULT, &token);
        printf("%u\n", good ? 0 : (unsigned)GetLastError());
        if (good)
                CloseHandle(token);
        return 0;
}
