/* The check of requests: each property that the handlers rely on, each way to lack it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "request.h"

static FileRequest good(uint32_t type)
{
        FileRequest request = {
                .header = {type, 1},
                .file = {.inode = 7, .handle_size = 8},
                .path = "/home/bob/file",
        };

        if (type != FILE_CHECK && type != FILE_OPEN_SOURCE)
                (void)strcpy(request.temp, "BIT0123abCD.tmp");
        return request;
}

static int check(const FileRequest *request)
{
        return file_request_check(request, sizeof(*request));
}

static void test_good(void **state)
{
        (void)state;
        for (uint32_t type = FILE_CHECK; type <= FILE_OPEN_SOURCE; type++) {
                FileRequest request = good(type);

                assert_int_equal(check(&request), 0);
        }
}

static void test_type(void **state)
{
        static const uint32_t bad[] = {0, FILE_READY, FILE_REPLY, FILE_REPLY + 1, UINT32_MAX};

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                FileRequest request = good(FILE_OPEN_TEMP);

                request.header.type = bad[i];
                assert_int_equal(check(&request), -EPROTO);
        }
}

/* In a buffer of exactly that size, at an odd address. */
static void test_size(void **state)
{
        FileRequest request = good(FILE_CHECK);

        (void)state;
        for (size_t size = 0; size <= sizeof(request) + 1; size++) {
                _cleanup_(freep) char *data = calloc(1, size + 1);
                size_t known = size < sizeof(request) ? size : sizeof(request);

                assert_non_null(data);
                memcpy(data + 1, &request, known);
                assert_int_equal(file_request_check(data + 1, size),
                                 size == sizeof(request) ? 0 : -EPROTO);
        }
}

static void test_path(void **state)
{
        static const struct {
                const char *path;
                int result;
        } rows[] = {
                {"/f", 0},          {"/a//b/f", 0},       {"/a/..b/...", 0},   {"", -EPROTO},
                {"/", -EPROTO},     {"//", -EPROTO},      {"f", -EPROTO},      {"a/f", -EPROTO},
                {"./f", -EPROTO},   {"/a/", -EPROTO},     {"/..", -EPROTO},    {"/.", -EPROTO},
                {"/../f", -EPROTO}, {"/a/../f", -EPROTO}, {"/a/./f", -EPROTO}, {"/a/f/..", -EPROTO},
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(rows); i++) {
                FileRequest request = good(FILE_CHECK);

                memset(request.path, 0, sizeof(request.path));
                (void)strcpy(request.path, rows[i].path);
                if (check(&request) != rows[i].result)
                        fail_msg("\"%s\"", rows[i].path);
        }
}

static void test_temp(void **state)
{
        static const char *const bad[] = {
                "",          "BIT.tmp",   "BITx.tmp",      "bit1.tmp", "BIT1.tmp2",   "BIT1tmp",
                "BIT1",      "/BIT1.tmp", "BIT/1.tmp",     "..",       "../BIT1.tmp", "BIT1.tmp/",
                "BIT 1.tmp", "BIT1..tmp", "BIT1/../x.tmp",
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                FileRequest request = good(FILE_DISCARD);

                memset(request.temp, 0, sizeof(request.temp));
                (void)strcpy(request.temp, bad[i]);
                if (check(&request) != -EPROTO)
                        fail_msg("\"%s\"", bad[i]);
        }
}

static void test_texts_end(void **state)
{
        FileRequest request = good(FILE_OPEN_TEMP);

        (void)state;
        memset(request.path + 1, 'a', sizeof(request.path) - 1);
        assert_int_equal(check(&request), -EPROTO);
        request.path[sizeof(request.path) - 1] = 0;
        assert_int_equal(check(&request), 0);

        memset(request.temp + 3, '0', sizeof(request.temp) - 3);
        assert_int_equal(check(&request), -EPROTO);
}

static void test_fields(void **state)
{
        FileRequest request;

        (void)state;
        request = good(FILE_CHECK);
        request.reserved = 1;
        assert_int_equal(check(&request), -EPROTO);
        request = good(FILE_CHECK);
        (void)strcpy(request.temp, "BIT1.tmp");
        assert_int_equal(check(&request), -EPROTO);
        request = good(FILE_CHECK);
        request.hash = FILE_HASH_SHA256;
        assert_int_equal(check(&request), -EPROTO);

        request = good(FILE_SEAL);
        request.hash = FILE_HASH_SHA512 + 1;
        assert_int_equal(check(&request), -EPROTO);
        request = good(FILE_SEAL);
        request.size = (uint64_t)INT64_MAX + 1;
        assert_int_equal(check(&request), -EPROTO);
        request = good(FILE_RESUME_TEMP);
        request.size = UINT64_MAX;
        assert_int_equal(check(&request), -EPROTO);

        request = good(FILE_FINISH);
        request.file.handle_size = sizeof(request.file.handle) + 1;
        assert_int_equal(check(&request), -EPROTO);
        request = good(FILE_FINISH);
        request.directory.handle_size = UINT32_MAX;
        assert_int_equal(check(&request), -EPROTO);
}

/* Only DISCARD may not know which file it is. */
static void test_unknown_file(void **state)
{
        static const uint32_t types[] = {FILE_RESUME_TEMP, FILE_SEAL, FILE_FINISH};
        FileRequest request;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(types); i++) {
                request = good(types[i]);
                memset(&request.file, 0, sizeof(request.file));
                assert_int_equal(check(&request), -EPROTO);
        }
        request = good(FILE_DISCARD);
        memset(&request.file, 0, sizeof(request.file));
        assert_int_equal(check(&request), 0);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static FileCertificate good_certificate(void)
{
        return (FileCertificate){.header = {FILE_CERTIFICATE, 1}, .store = "MY", .subject = "x"};
}

static int check_certificate(const FileCertificate *request)
{
        return file_certificate_check(request, sizeof(*request));
}

static void test_certificate(void **state)
{
        FileCertificate request = good_certificate();

        (void)state;
        assert_int_equal(check_certificate(&request), 0);
        assert_int_equal(file_certificate_check(&request, sizeof(request) - 1), -EPROTO);
        assert_int_equal(file_request_check(&request, sizeof(request)), -EPROTO);
        request.by_hash = 1; /* one or the other */
        assert_int_equal(check_certificate(&request), -EPROTO);
        request.subject[0] = 0;
        assert_int_equal(check_certificate(&request), 0);
        request.by_hash = 0;
        assert_int_equal(check_certificate(&request), -EPROTO);
}

static void test_bad_certificate(void **state)
{
        static const char *const stores[] = {"", ".", "..", "a/b", "/", "../x"};
        FileCertificate request;

        (void)state;
        for (size_t i = 0; i < ELEMENTS(stores); i++) {
                request = good_certificate();
                (void)strcpy(request.store, stores[i]);
                assert_int_equal(check_certificate(&request), -EPROTO);
        }
        request = good_certificate();
        request.location = FILE_STORE_MACHINE + 1;
        assert_int_equal(check_certificate(&request), -EPROTO);
        request = good_certificate();
        request.reserved = 1;
        assert_int_equal(check_certificate(&request), -EPROTO);
        request = good_certificate();
        memset(request.store, 'x', sizeof(request.store));
        assert_int_equal(check_certificate(&request), -EPROTO);
        request = good_certificate();
        memset(request.subject, 'x', sizeof(request.subject));
        assert_int_equal(check_certificate(&request), -EPROTO);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_certificate), cmocka_unit_test(test_bad_certificate),
                cmocka_unit_test(test_good),        cmocka_unit_test(test_type),
                cmocka_unit_test(test_size),        cmocka_unit_test(test_path),
                cmocka_unit_test(test_temp),        cmocka_unit_test(test_texts_end),
                cmocka_unit_test(test_fields),      cmocka_unit_test(test_unknown_file),
        };

        return cmocka_run_group_tests_name("file-request", tests, NULL, NULL);
}
