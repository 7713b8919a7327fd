/*
 * Which URLs of http and https a remote name may be: types.md, BG_FILE_INFO, and what of RFC 3986
 * would be read in more than one way. What one sends for such a URL is bits-net's.
 */
#pragma once

/* 0 or -EINVAL. */
int url_check(const char *url);
