// The codes of MxBase that this runtime returns, with the vendor's names and numbers (MxBase/ErrorCode/ErrorCodes.h, 7.3).
#ifndef CPU_SDK_ERROR_CODE_H
#define CPU_SDK_ERROR_CODE_H

using APP_ERROR = int;

enum {
    APP_ERR_OK = 0,
    APP_ERR_ACL_FAILURE = -1,
    APP_ERR_ACL_BAD_ALLOC = 2,
    APP_ERR_ACL_INVALID_FILE = 18,
    APP_ERR_ACL_BAD_COPY = 26,
    APP_ERR_ACL_BAD_FREE = 27,
    APP_ERR_COMM_FAILURE = 1001,
    APP_ERR_COMM_INVALID_POINTER = 1003,
    APP_ERR_COMM_INVALID_PARAM = 1004,
    APP_ERR_COMM_ALLOC_MEM = 1007,
    APP_ERR_COMM_OUT_OF_RANGE = 1009,
    APP_ERR_COMM_INIT_FAIL = 1013,
    APP_ERR_COMM_NO_EXIST = 1016,
};

#endif
