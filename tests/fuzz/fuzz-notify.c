/*
 * The two ends of wire/notify.h, and the command line between them. The first byte: an order of
 * bits-queue's (even) or a report of bits-notify's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/command-line.h"
#include "bits-notify/request.h"
#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

/* Whatever the text: its words are no longer than it is, and each is a text. */
static void check_words(const char *text)
{
        char **words = NULL;
        int n = command_line_split(text, &words);
        size_t length = 0;

        require(n >= 1 && !words[n]);
        for (int i = 0; i < n; i++)
                length += strlen(words[i]);
        require(length <= strlen(text));
        free(words);
}

static void check_order(const uint8_t *data, size_t size)
{
        static NotifyRun run;

        if (notify_run_check(data, size) < 0)
                return;
        require(size == sizeof(run));
        memcpy(&run, data, sizeof(run));
        require(run.header.type == NOTIFY_RUN && run.time_limit_sec > 0);
        require(memchr(run.program, 0, sizeof(run.program)) && run.program[0] == '/');
        require(memchr(run.job, 0, sizeof(run.job)) != NULL);
        require(memchr(run.parameters, 0, sizeof(run.parameters)) != NULL);
        check_words(run.parameters);
}

static void check_report(const uint8_t *data, size_t size)
{
        NotifyMessage message;

        if (size > sizeof(message)) /* the receiver refuses longer ones by themselves */
                return;
        memset(&message, 0xa5, sizeof(message)); /* what was not received must not matter */
        memcpy(&message, data, size);
        if (notify_report_check(&message, size) < 0)
                return;
        if (message.header.type == NOTIFY_DONE)
                require(message.done.result <= 0 &&
                        (WIFEXITED(message.done.status) || WIFSIGNALED(message.done.status)));
        else
                require(message.header.type == NOTIFY_READY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char *text;

        if (size == 0)
                return 0;
        if (data[0] & 1)
                check_report(data + 1, size - 1);
        else
                check_order(data + 1, size - 1);
        text = strndup((const char *)data, size);
        require(text != NULL);
        check_words(text);
        free(text);
        return 0;
}
