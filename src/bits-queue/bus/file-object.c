/* org.bitsd1.File. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "bus/file-methods.h"
#include "bus/objects.h"
#include "bus/reply.h"
#include "queue.h"

static int get_property(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Target *target = userdata;
        const File *file = target->file;
        char name[WIRE_PATH_SIZE];

        (void)bus;
        (void)path;
        (void)interface;
        (void)error;
        switch (property[0]) {
        case 'I':
                return sd_bus_message_append(reply, "u", file->index);
        case 'R':
                return sd_bus_message_append(reply, "s", file_remote_name(file));
        case 'L':
                return sd_bus_message_append(reply, "s", file->local);
        case 'T':
                file_temporary_name(file, name);
                return sd_bus_message_append(reply, "s", name);
        default:
                return sd_bus_message_append(reply, "(ttb)", file->size, file->received,
                                             file->state == FILE_FINISHED);
        }
}

static const Method methods[] = {
        {"GetFileRanges", 0, file_method_get_ranges},
        {"UpdateDownloadPosition", METHOD_CHANGES, file_method_update_position},
        {"RequestFileRanges", METHOD_CHANGES, file_method_request_ranges},
        {"GetFilledFileRanges", 0, file_method_get_filled},
        {"SetRemoteName", METHOD_CHANGES, file_method_set_remote_name},
        {"SetValidationState", METHOD_CHANGES, file_method_set_validation_state},
        {"GetValidationState", 0, file_method_get_validation_state},
        {"IsDownloadedFromPeer", 0, file_method_is_downloaded_from_peer},
        {"GetPeerDownloadStats", 0, file_method_get_peer_download_stats},
        {"SetProperty", METHOD_CHANGES, file_method_set_property},
        {"GetProperty", 0, file_method_get_property},
};

static int on_method(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        Target *target = userdata;
        Job *job = job_ref(target->job); /* its files stay in memory that long */
        int r;

        (void)error;
        r = objects_dispatch(methods, ELEMENTS(methods), target, m);
        job_unref(job);
        return r;
}

#define METHOD(name, in, out) SD_BUS_METHOD(name, in, out, on_method, SD_BUS_VTABLE_UNPRIVILEGED)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        METHOD("SetRemoteName", "s", ""),
        METHOD("SetValidationState", "b", ""),
        METHOD("GetValidationState", "", "b"),
        METHOD("IsDownloadedFromPeer", "", "b"),
        METHOD("GetPeerDownloadStats", "", "tt"),
        METHOD("SetProperty", "uv", ""),
        METHOD("GetProperty", "u", "v"),
        SD_BUS_PROPERTY("Index", "u", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("RemoteName", "s", get_property, 0, 0),
        SD_BUS_PROPERTY("LocalName", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("TemporaryName", "s", get_property, 0, 0),
        SD_BUS_PROPERTY("Progress", "(ttb)", get_property, 0, 0),
        METHOD("GetFileRanges", "", "a(tt)"),
        METHOD("UpdateDownloadPosition", "t", ""),
        METHOD("RequestFileRanges", "a(tt)", ""),
        METHOD("GetFilledFileRanges", "", "a(tt)"),
        SD_BUS_VTABLE_END,
};

static int find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                void **ret_found, sd_bus_error *error)
{
        Client *client = userdata;
        const char *rest;
        unsigned long index;
        char *end;
        HRESULT hr;
        Job *job;

        (void)bus;
        (void)interface;
        if (strcmp(path, JOBS_PATH) == 0)
                return 0; /* the folder of them all */
        hr = objects_find_job(client, path, &job, &rest);
        if (FAILED(hr))
                return reply_set_error(error, hr);
        if (strncmp(rest, "/file/", 6) != 0 || rest[6] < '0' || rest[6] > '9')
                return 0;
        errno = 0;
        index = strtoul(rest + 6, &end, 10);
        if (*end || errno || job_load_files(job) < 0 || index >= job->n_files)
                return reply_set_error(error, BG_E_FILE_NOT_FOUND);
        client->target.job = job;
        client->target.file = job->files[index];
        *ret_found = &client->target;
        return 1;
}

int file_object_add(Client *client)
{
        return sd_bus_add_fallback_vtable(client->bus, NULL, JOBS_PATH, FILE_INTERFACE, vtable,
                                          find, client);
}
