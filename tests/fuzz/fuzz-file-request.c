/*
 * The check of what bits-queue sends to bits-file. Whatever the bytes are: the check reads nothing
 * beyond them, and what it lets through has the properties that the handlers rely on.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bits-file/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
        if (!condition)
                abort();
}

static void check_certificate(const uint8_t *data)
{
        FileCertificate request;

        memcpy(&request, data, sizeof(request));
        require(memchr(request.store, 0, sizeof(request.store)) != NULL);
        require(memchr(request.subject, 0, sizeof(request.subject)) != NULL);
        require(request.store[0] && !strchr(request.store, '/') &&
                strcmp(request.store, "..") != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        FileRequest request;

        if (file_certificate_check(data, size) == 0)
                check_certificate(data);
        if (file_request_check(data, size) < 0)
                return 0;

        require(size == sizeof(request));
        memcpy(&request, data, sizeof(request));
        require(request.header.type >= FILE_CHECK && request.header.type <= FILE_OPEN_SOURCE);
        require(memchr(request.path, 0, sizeof(request.path)) != NULL);
        require(memchr(request.temp, 0, sizeof(request.temp)) != NULL);
        require(request.path[0] == '/' && strrchr(request.path, '/')[1] != 0);
        require(!strstr(request.path, "/../") && !strstr(request.path, "/./"));
        require(!strchr(request.temp, '/'));
        require(request.file.handle_size <= sizeof(request.file.handle));
        require(request.directory.handle_size <= sizeof(request.directory.handle));
        return 0;
}
