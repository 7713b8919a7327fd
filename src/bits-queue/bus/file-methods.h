/* Methods of org.bitsd1.File that stand in files of their own; file-object.c has the table. */
#pragma once

#include "bus/objects.h"

int file_method_get_ranges(Target *t, sd_bus_message *m);
int file_method_request_ranges(Target *t, sd_bus_message *m);
int file_method_update_position(Target *t, sd_bus_message *m);
int file_method_get_filled(Target *t, sd_bus_message *m);
int file_method_set_remote_name(Target *t, sd_bus_message *m);
int file_method_set_validation_state(Target *t, sd_bus_message *m);
int file_method_get_validation_state(Target *t, sd_bus_message *m);
int file_method_is_downloaded_from_peer(Target *t, sd_bus_message *m);
int file_method_get_peer_download_stats(Target *t, sd_bus_message *m);
int file_method_set_property(Target *t, sd_bus_message *m);
int file_method_get_property(Target *t, sd_bus_message *m);
