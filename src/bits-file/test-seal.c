/* SEAL: nothing is sealed that is not whole, or that somebody could still write. */
#include "test-world.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/packet.h"

enum {
        MTIME = 1700000000
};

static FileRequest make_sealable(World *world, const char *path)
{
        FileRequest request;

        close(make_temp(world, path, 20, &request));
        request.header.type = FILE_SEAL;
        return request;
}

static void declare_hash(FileRequest *request, enum FileHash hash, const char *text)
{
        const EVP_MD *type = hash == FILE_HASH_SHA256 ? EVP_sha256() : EVP_sha512();

        request->hash = (uint32_t)hash;
        assert_int_equal(EVP_Digest(text, strlen(text), request->digest, NULL, type, NULL), 1);
}

static void test_seal(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, HOME "/file");
        FileReply reply;
        struct stat st;
        int fd;

        declare_hash(&request, FILE_HASH_SHA256, "abcdefghijklmnopqrst");
        request.mtime_usec = INT64_C(1000000) * MTIME + 250000;
        reply = ask_for(world, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_int_equal(fd, -1);
        assert_memory_equal(&reply.file, &request.file, sizeof(reply.file));

        st = look(HOME "/" TEMP);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_mtim.tv_sec, MTIME);
        assert_int_equal(st.st_mtim.tv_nsec, 250000000);
        assert_int_equal(st.st_atim.tv_sec, MTIME);
        assert_text(HOME "/" TEMP, "abcdefghijklmnopqrst");
        assert_absent(HOME "/file");
        assert_int_equal(ask(world, &request), 0);
}

static void test_times(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, HOME "/file");
        struct stat before = look(HOME "/" TEMP), st;

        assert_int_equal(ask(world, &request), 0);
        st = look(HOME "/" TEMP);
        assert_int_equal(st.st_mtim.tv_sec, before.st_mtim.tv_sec);
        assert_int_equal(st.st_mtim.tv_nsec, before.st_mtim.tv_nsec);

        request.mtime_usec = -1; /* just before 1970 */
        assert_int_equal(ask(world, &request), 0);
        st = look(HOME "/" TEMP);
        assert_int_equal(st.st_mtim.tv_sec, -1);
        assert_int_equal(st.st_mtim.tv_nsec, 999999000);
}

static void test_hash(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, HOME "/file");
        FileReply reply;

        declare_hash(&request, FILE_HASH_SHA512, "abcdefghijklmnopqrst");
        assert_int_equal(ask(world, &request), 0);
        request.digest[63] ^= 1;
        reply = ask_for(world, &request, NULL);
        assert_int_equal(reply.result, -EBADMSG);
        request.digest[63] ^= 1;
        assert_memory_equal(reply.digest, request.digest, 64); /* what it has */
        declare_hash(&request, FILE_HASH_SHA256, "abcdefghijklmnopqrsT");
        assert_int_equal(ask(world, &request), -EBADMSG);
        assert_text(HOME "/" TEMP, "abcdefghijklmnopqrst");
}

static void test_empty_file(void **state)
{
        World *world = *state;
        FileRequest request;

        close(make_temp(world, HOME "/file", 0, &request));
        request.header.type = FILE_SEAL;
        declare_hash(&request, FILE_HASH_SHA256, "");
        assert_int_equal(ask(world, &request), 0);
}

static void test_size(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, HOME "/file");

        request.size = 19;
        assert_int_equal(ask(world, &request), -ERANGE);
        request.size = 21;
        assert_int_equal(ask(world, &request), -ERANGE);
}

static void test_writer(void **state)
{
        World *world = *state;
        _cleanup_(closep) int fd = -1;
        FileRequest request;
        int pair[2];

        fd = make_temp(world, HOME "/file", 20, &request);
        request.header.type = FILE_SEAL;
        assert_int_equal(ask(world, &request), -EAGAIN);

        assert_return_code(packet_pair(pair), 0);
        assert_return_code(packet_send(pair[0], "x", 1, fd), 0);
        fd = close_fd(fd);
        assert_int_equal(ask(world, &request), -EAGAIN);
        close(pair[0]);
        close(pair[1]);
        assert_int_equal(ask(world, &request), 0);
}

static void test_reader_is_no_writer(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, HOME "/file");
        _cleanup_(closep) int fd = open(HOME "/" TEMP, O_RDONLY | O_CLOEXEC);

        assert_return_code(fd, errno);
        assert_int_equal(ask(world, &request), 0);
}

static bool has_lease(pid_t pid)
{
        _cleanup_(fclosep) FILE *locks = fopen("/proc/locks", "re");
        char line[256], holder[32];

        assert_non_null(locks);
        (void)snprintf(holder, sizeof(holder), " %d ", (int)pid);
        while (fgets(line, sizeof(line), locks))
                if (strstr(line, "LEASE") && strstr(line, holder))
                        return true;
        return false;
}

static void hash_zeros(uint64_t size, uint8_t *digest)
{
        static const char zeros[1 << 20];
        EVP_MD_CTX *context = EVP_MD_CTX_new();

        assert_non_null(context);
        assert_int_equal(EVP_DigestInit_ex(context, EVP_sha512(), NULL), 1);
        for (uint64_t done = 0; done < size; done += sizeof(zeros))
                assert_int_equal(EVP_DigestUpdate(context, zeros, sizeof(zeros)), 1);
        assert_int_equal(EVP_DigestFinal_ex(context, digest, NULL), 1);
        EVP_MD_CTX_free(context);
}

/* Somebody opens the file for writing while it is hashed: it takes long enough for that. Whether
 * the hash is right does not matter then. */
static void broken_lease(World *world, FileRequest *request)
{
        FileReply reply;
        int fd;

        ask_raw(world, request, sizeof(*request), -1);
        while (!has_lease(world->worker)) {
                struct pollfd answer = {.fd = world->sock, .events = POLLIN};

                assert_int_equal(poll(&answer, 1, 0), 0);
        }
        assert_int_equal(open(HOME "/" TEMP, O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
        assert_int_equal(errno, EWOULDBLOCK);
        reply = hear(world, &fd);
        assert_int_equal(reply.result, -EAGAIN);
}

static void test_broken_lease(void **state)
{
        World *world = *state;
        FileRequest request;
        int fd;

        fd = make_temp(world, HOME "/file", 0, &request);
        request.size = UINT64_C(256) << 20;
        assert_return_code(ftruncate(fd, (off_t)request.size), errno);
        close(fd);
        request.header.type = FILE_SEAL;
        request.hash = FILE_HASH_SHA512;
        hash_zeros(request.size, request.digest);
        broken_lease(world, &request);
        assert_int_equal(ask(world, &request), 0);
        request.digest[0] ^= 1;
        broken_lease(world, &request);
        assert_int_equal(ask(world, &request), -EBADMSG);
}

static void test_swapped(void **state)
{
        World *world = *state;
        FileRequest request = make_sealable(world, OPEN "/file");

        put(HOME "/precious", "twenty bytes of bob.", BOB, 0600);
        assert_return_code(rename(OPEN "/" TEMP, OPEN "/kept"), errno);
        assert_int_equal(ask(world, &request), -ESTALE);
        put_link(OPEN "/" TEMP, HOME "/precious", MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        put_fifo(OPEN "/" TEMP, MAL);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        put(OPEN "/" TEMP, "twenty bytes of mal.", MAL, 0666);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/" TEMP), errno);
        assert_return_code(link(OPEN "/kept", OPEN "/" TEMP), errno);
        assert_int_equal(ask(world, &request), -ESTALE);
        assert_return_code(unlink(OPEN "/kept"), errno);
        assert_int_equal(ask(world, &request), 0);
}

static void test_without_leases(void **state)
{
        World *world = *state;
        _cleanup_(closep) int old = -1;
        FileRequest request;
        FileReply reply;
        int fd;

        world_restart(world, KERNEL_WITHOUT_LEASES, 022);
        old = make_temp(world, HOME "/file", 20, &request);
        request.header.type = FILE_SEAL;
        request.mtime_usec = INT64_C(1000000) * MTIME;
        declare_hash(&request, FILE_HASH_SHA256, "abcdefghijklmnopqrst");

        reply = ask_for(world, &request, &fd);
        assert_int_equal(reply.result, 0);
        assert_int_not_equal(reply.file.inode, request.file.inode);
        assert_int_equal(reply.file.inode, look(HOME "/" TEMP).st_ino);
        assert_int_equal(look(HOME "/" TEMP).st_mtim.tv_sec, MTIME);
        assert_int_equal(look(HOME "/" TEMP).st_mode, S_IFREG | 0600);
        assert_int_equal(pwrite(old, "late", 4, 0), 4);
        assert_text(HOME "/" TEMP, "abcdefghijklmnopqrst");
        assert_absent(HOME "/BITC0123ABCD.tmp");

        request.file = reply.file;
        request.hash = FILE_HASH_NONE;
        request.header.type = FILE_FINISH;
        assert_int_equal(ask(world, &request), 0);
        assert_text(HOME "/file", "abcdefghijklmnopqrst");
}

static void test_without_leases_refused(void **state)
{
        World *world = *state;
        FileRequest request;

        world_restart(world, KERNEL_WITHOUT_LEASES, 022);
        request = make_sealable(world, HOME "/file");
        declare_hash(&request, FILE_HASH_SHA256, "something else");
        assert_int_equal(ask(world, &request), -EBADMSG);
        request.hash = FILE_HASH_NONE;
        request.size = 19;
        assert_int_equal(ask(world, &request), -ERANGE);
        request.size = 20;
        put(HOME "/BITC0123ABCD.tmp", "left by a crash", BOB, 0600);
        assert_int_equal(ask(world, &request), 0);
        assert_absent(HOME "/BITC0123ABCD.tmp");
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
        static const struct CMUnitTest tests[] = {
                T(test_seal),
                T(test_times),
                T(test_hash),
                T(test_empty_file),
                T(test_size),
                T(test_writer),
                T(test_reader_is_no_writer),
                T(test_broken_lease),
                T(test_swapped),
                T(test_without_leases),
                T(test_without_leases_refused),
        };

        return cmocka_run_group_tests_name("file-seal", tests, NULL, NULL);
}
