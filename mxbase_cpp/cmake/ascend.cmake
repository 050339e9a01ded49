# The vendor's SDK: old string ABI, its protobuf under another name, its own OpenCV (ascend.md 3.5).
set(MX_SDK_HOME "$ENV{MX_SDK_HOME}" CACHE PATH "where the SDK is installed")
if(NOT EXISTS "${MX_SDK_HOME}/include/MxBase")
  message(FATAL_ERROR "MX_SDK_HOME (${MX_SDK_HOME}) holds no include/MxBase: source the SDK's set_env.sh, or build with -DMX_RUNTIME=cpu")
endif()
set(ACL_HOME "$ENV{ASCEND_HOME_PATH}" CACHE PATH "CANN, for acl/acl.h")
add_compile_definitions(_GLIBCXX_USE_CXX11_ABI=0 google=mindxsdk_private)
add_compile_options(-fstack-protector-all)
set(MX_RPATH "${MX_SDK_HOME}/lib;${MX_SDK_HOME}/lib/modelpostprocessors;${MX_SDK_HOME}/opensource/lib;${MX_SDK_HOME}/opensource/lib64")
set(MX_PROGRAM_RPATH ${MX_RPATH})

add_library(mxbase_api INTERFACE)
target_include_directories(mxbase_api SYSTEM INTERFACE
  ${MX_SDK_HOME}/include ${MX_SDK_HOME}/include/MxBase/postprocess/include ${MX_SDK_HOME}/opensource/include)
if(ACL_HOME)
  target_include_directories(mxbase_api SYSTEM INTERFACE ${ACL_HOME}/include ${ACL_HOME}/acllib/include)
  target_link_directories(mxbase_api INTERFACE ${ACL_HOME}/lib64 ${ACL_HOME}/acllib/lib64)
endif()
target_link_directories(mxbase_api INTERFACE ${MX_RPATH})
target_link_options(mxbase_api INTERFACE -Wl,--no-as-needed -Wl,--copy-dt-needed-entries -Wl,-z,relro,-z,now,-z,noexecstack)
target_link_libraries(mxbase_api INTERFACE glog mxbase resnet50postprocess)

add_library(opencv_api INTERFACE)
target_include_directories(opencv_api SYSTEM INTERFACE ${MX_SDK_HOME}/opensource/include/opencv4)
target_link_libraries(opencv_api INTERFACE opencv_world)

# Only one that the SDK brings: beside it the system's would be a second library of the same name.
find_path(JPEG_INCLUDE jpeglib.h PATHS ${MX_SDK_HOME}/opensource/include NO_DEFAULT_PATH)
find_library(JPEG_LIBRARY jpeg PATHS ${MX_SDK_HOME}/opensource/lib ${MX_SDK_HOME}/opensource/lib64 NO_DEFAULT_PATH)
if(JPEG_INCLUDE AND JPEG_LIBRARY)
  set(MX_JPEG_DEFAULT ON)
else()
  set(MX_JPEG_DEFAULT OFF)
endif()
