/* The identifiers of classes and interfaces, and GUIDs as wide text. */
#include "libbits/iid.h"

#include <stdlib.h>

#include <bits.h>

const GUID GUID_NULL;
const CLSID CLSID_BackgroundCopyManager = {
        0x4991d34b, 0x80a1, 0x4291, {0x83, 0xb6, 0x33, 0x28, 0x36, 0x6b, 0x90, 0x97}};
const CLSID CLSID_BackgroundCopyManager4_0 = {
        0xbb6df56b, 0xcace, 0x11dc, {0x99, 0x92, 0x00, 0x19, 0xb9, 0x3a, 0x3a, 0x84}};
const IID IID_IUnknown = {
        0x00000000, 0x0000, 0x0000, {0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x46}};
const IID IID_IBackgroundCopyManager = {
        0x5ce34c0d, 0x0dc9, 0x4c1f, {0x89, 0x7c, 0xda, 0xa1, 0xb7, 0x8c, 0xee, 0x7c}};
const IID IID_IBackgroundCopyJob = {
        0x37668d37, 0x507e, 0x4160, {0x93, 0x16, 0x26, 0x30, 0x6d, 0x15, 0x0b, 0x12}};
const IID IID_IBackgroundCopyFile = {
        0x01b7bd23, 0xfb88, 0x4a77, {0x84, 0x90, 0x58, 0x91, 0xd3, 0xe4, 0x65, 0x3a}};
const IID IID_IBackgroundCopyError = {
        0x19c613a0, 0xfcb8, 0x4f28, {0x81, 0xae, 0x89, 0x7c, 0x3d, 0x07, 0x8f, 0x81}};
const IID IID_IEnumBackgroundCopyJobs = {
        0x1af4f612, 0x3b71, 0x466f, {0x8f, 0x58, 0x7b, 0x6f, 0x73, 0xac, 0x57, 0xad}};
const IID IID_IEnumBackgroundCopyFiles = {
        0xca51e165, 0xc365, 0x424c, {0x8d, 0x41, 0x24, 0xaa, 0xa4, 0xff, 0x3c, 0x40}};
const IID IID_IBackgroundCopyCallback = {
        0x97ea99c7, 0x0186, 0x4ad4, {0x8d, 0xf9, 0xc5, 0xb4, 0xe0, 0xed, 0x6b, 0x22}};
const IID IID_AsyncIBackgroundCopyCallback = {
        0xca29d251, 0xb4bb, 0x4679, {0xa3, 0xd9, 0xae, 0x80, 0x06, 0x11, 0x9d, 0x54}};
const IID IID_IBitsTokenOptions = {
        0x9a2584c3, 0xf7d2, 0x457a, {0x9a, 0x5e, 0x22, 0xb6, 0x7b, 0xff, 0xc7, 0xd2}};
const CLSID CLSID_BackgroundCopyManager1_5 = {
        0xf087771f, 0xd74f, 0x4c1a, {0xbb, 0x8a, 0xe1, 0x6a, 0xca, 0x91, 0x24, 0xea}};
const CLSID CLSID_BackgroundCopyManager2_0 = {
        0x6d18ad12, 0xbde3, 0x4393, {0xb3, 0x11, 0x09, 0x9c, 0x34, 0x6e, 0x6d, 0xf9}};
const CLSID CLSID_BackgroundCopyManager3_0 = {
        0x659cdea7, 0x489e, 0x11d9, {0xa9, 0xcd, 0x00, 0x0d, 0x56, 0x96, 0x52, 0x51}};
const CLSID CLSID_BackgroundCopyManager5_0 = {
        0x1ecca34c, 0xe88a, 0x44e3, {0x8d, 0x6a, 0x89, 0x21, 0xbd, 0xe9, 0xe4, 0x52}};
const CLSID CLSID_BackgroundCopyManager10_1 = {
        0x4bd3e4e1, 0x7bd4, 0x4a2b, {0x99, 0x64, 0x49, 0x64, 0x00, 0xde, 0x51, 0x93}};
const IID IID_IBackgroundCopyJob2 = {
        0x54b50739, 0x686f, 0x45eb, {0x9d, 0xff, 0xd6, 0xa9, 0xa0, 0xfa, 0xa9, 0xaf}};
const IID IID_IBackgroundCopyJob3 = {
        0x443c8934, 0x90ff, 0x48ed, {0xbc, 0xde, 0x26, 0xf5, 0xc7, 0x45, 0x00, 0x42}};
const IID IID_IBackgroundCopyJob4 = {
        0x659cdeae, 0x489e, 0x11d9, {0xa9, 0xcd, 0x00, 0x0d, 0x56, 0x96, 0x52, 0x51}};
const IID IID_IBackgroundCopyJob5 = {
        0xe847030c, 0xbbba, 0x4657, {0xaf, 0x6d, 0x48, 0x4a, 0xa4, 0x2b, 0xf1, 0xfe}};
const IID IID_IBackgroundCopyFile2 = {
        0x83e81b93, 0x0873, 0x474d, {0x8a, 0x8c, 0xf2, 0x01, 0x8b, 0x1a, 0x93, 0x9c}};
const IID IID_IBackgroundCopyFile3 = {
        0x659cdeaa, 0x489e, 0x11d9, {0xa9, 0xcd, 0x00, 0x0d, 0x56, 0x96, 0x52, 0x51}};
const IID IID_IBackgroundCopyFile4 = {
        0xef7e0655, 0x7888, 0x4960, {0xb0, 0xe5, 0x73, 0x08, 0x46, 0xe0, 0x34, 0x92}};
const IID IID_IBackgroundCopyFile5 = {
        0x85c1657f, 0xdafc, 0x40e8, {0x88, 0x34, 0xdf, 0x18, 0xea, 0x25, 0x71, 0x7e}};
const IID IID_IBackgroundCopyFile6 = {
        0xcf6784f7, 0xd677, 0x49fd, {0x93, 0x68, 0xcb, 0x47, 0xae, 0xe9, 0xd1, 0xad}};
const IID IID_IBackgroundCopyCallback2 = {
        0x659cdeac, 0x489e, 0x11d9, {0xa9, 0xcd, 0x00, 0x0d, 0x56, 0x96, 0x52, 0x51}};
const IID IID_IBackgroundCopyCallback3 = {
        0x98c97bd2, 0xe32b, 0x4ad8, {0xa5, 0x28, 0x95, 0xfd, 0x8b, 0x16, 0xbd, 0x42}};

enum {
        BRACED_SIZE = 39, /* "{...}" with the NUL */
};

void iid_to_text(const GUID *guid, char ret[GUID_TEXT_SIZE])
{
        Guid bytes = {{
                (uint8_t)(guid->Data1 >> 24),
                (uint8_t)(guid->Data1 >> 16),
                (uint8_t)(guid->Data1 >> 8),
                (uint8_t)guid->Data1,
                (uint8_t)(guid->Data2 >> 8),
                (uint8_t)guid->Data2,
                (uint8_t)(guid->Data3 >> 8),
                (uint8_t)guid->Data3,
        }};

        memcpy(bytes.bytes + 8, guid->Data4, sizeof(guid->Data4));
        guid_text(&bytes, ret);
}

int iid_parse(const char *text, GUID *ret)
{
        Guid bytes;
        const uint8_t *b = bytes.bytes;
        int r;

        r = guid_parse(text, &bytes);
        if (r < 0)
                return r;
        ret->Data1 = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
        ret->Data2 = (uint16_t)(b[4] << 8 | b[5]);
        ret->Data3 = (uint16_t)(b[6] << 8 | b[7]);
        memcpy(ret->Data4, b + 8, sizeof(ret->Data4));
        return 0;
}

int StringFromGUID2(REFGUID rguid, LPWSTR lpsz, int cchMax)
{
        char text[GUID_TEXT_SIZE];

        if (!rguid || !lpsz || cchMax < BRACED_SIZE)
                return 0;
        iid_to_text(rguid, text);
        lpsz[0] = L'{';
        for (size_t i = 0; i < GUID_TEXT_SIZE - 1; i++)
                lpsz[1 + i] = (WCHAR)text[i];
        lpsz[BRACED_SIZE - 2] = L'}';
        lpsz[BRACED_SIZE - 1] = 0;
        return BRACED_SIZE;
}

HRESULT StringFromCLSID(REFCLSID rclsid, LPWSTR *lplpsz)
{
        if (!rclsid || !lplpsz)
                return E_INVALIDARG;
        *lplpsz = CoTaskMemAlloc(BRACED_SIZE * sizeof(WCHAR));
        if (!*lplpsz)
                return E_OUTOFMEMORY;
        StringFromGUID2(rclsid, *lplpsz, BRACED_SIZE);
        return S_OK;
}

HRESULT StringFromIID(REFIID rclsid, LPWSTR *lplpsz)
{
        return StringFromCLSID(rclsid, lplpsz);
}

static bool parse_braced(LPCWSTR text, GUID *ret)
{
        char narrow[BRACED_SIZE];

        if (wcsnlen(text, BRACED_SIZE) != BRACED_SIZE - 1)
                return false;
        for (size_t i = 0; i < BRACED_SIZE; i++) {
                if (text[i] < 0 || text[i] > 127)
                        return false;
                narrow[i] = (char)text[i];
        }
        return narrow[0] == '{' && iid_parse(narrow, ret) == 0;
}

HRESULT CLSIDFromString(LPCWSTR lpsz, LPCLSID pclsid)
{
        if (!lpsz || !pclsid)
                return E_INVALIDARG;
        return parse_braced(lpsz, pclsid) ? S_OK : CO_E_CLASSSTRING;
}

HRESULT IIDFromString(LPCWSTR lpsz, LPIID lpiid)
{
        if (!lpsz || !lpiid)
                return E_INVALIDARG;
        return parse_braced(lpsz, lpiid) ? S_OK : CO_E_IIDSTRING;
}
