/*
 * The properties of IBackgroundCopyJob5 (types.md §4): what each is, when it may be set, and which
 * exclude each other. Those of a later interface are refused with E_NOTIMPL, as its header says.
 */
#pragma once

#include <bitsmsg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/guid.h"

typedef struct Job Job;

typedef enum JobProperty { /* values of BITS_JOB_PROPERTY_ID */
        PROPERTY_COST_FLAGS = 1,
        PROPERTY_NOTIFICATION_CLSID = 2,
        PROPERTY_DYNAMIC_CONTENT = 3,
        PROPERTY_HIGH_PERFORMANCE = 4,
        PROPERTY_MAX_DOWNLOAD_SIZE = 5,
        PROPERTY_USE_STORED_CREDENTIALS = 7,
        PROPERTY_NOTIFICATION_INTERVAL = 9,
        PROPERTY_ON_DEMAND = 10,
} JobProperty;

typedef enum PropertyKind {
        PROPERTY_UNKNOWN,
        PROPERTY_NUMBER,
        PROPERTY_TRUTH,
        PROPERTY_SIZE,
        PROPERTY_CLASS,
} PropertyKind;

typedef struct PropertyValue { /* the member of its kind counts */
        uint32_t number;
        bool truth;
        uint64_t size;
        Guid class;
} PropertyValue;

PropertyKind property_kind(uint32_t id);

/* BG_E_UNKNOWN_PROPERTY_ID, BG_E_READ_ONLY_PROPERTY_AFTER_ADDFILE, _AFTER_RESUME,
 * BG_E_MAX_DOWNLOAD_SIZE_INVALID_VALUE, BG_E_UNSUPPORTED_JOB_CONFIGURATION,
 * BG_E_USE_STORED_CREDENTIALS_NOT_SUPPORTED, E_INVALIDARG, BG_E_INVALID_STATE. Reply after
 * job_commit(). */
HRESULT job_set_property(Job *job, uint32_t id, const PropertyValue *value);
HRESULT job_get_property(Job *job, uint32_t id, PropertyValue *ret);
