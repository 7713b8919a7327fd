/*
 * Client certificates of this identity: the counterpart of the system's certificate stores. A store
 * is a directory of PEM files, each with one certificate, its chain if it has one, and its key:
 * ~/.config/bits/certificates/STORE/ of the user, /etc/bits/certificates/STORE/ of the machine.
 */
#pragma once

#include "wire/file.h"

/* Finds what request, which has passed file_certificate_check(), asks for. 0: *ret_fd is the
 * answer's descriptor, which the caller closes, and size and digest of reply are set; else the
 * result. */
int certificate_find(const FileCertificate *request, FileReply *reply, int *ret_fd);
