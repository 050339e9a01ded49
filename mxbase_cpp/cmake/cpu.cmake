# Our MxBase over OpenVINO's C++ API, which PyPI's wheel carries; Debian's OpenCV, whose development packages have no CMake files.
if(NOT OpenVINO_DIR)
  find_package(Python 3.11 REQUIRED COMPONENTS Interpreter)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" -c "import importlib.util as u; print(u.find_spec('openvino').submodule_search_locations[0] + '/cmake')"
    OUTPUT_STRIP_TRAILING_WHITESPACE OUTPUT_VARIABLE OpenVINO_DIR COMMAND_ERROR_IS_FATAL ANY)
endif()
find_package(OpenVINO REQUIRED COMPONENTS Runtime)
set(MX_RPATH "$ORIGIN/../openvino/libs")  # OpenVINO's own TBB lies there too
get_filename_component(MX_PROGRAM_RPATH "${OpenVINO_DIR}/../libs" ABSOLUTE)

find_path(OPENCV_INCLUDE opencv2/imgcodecs.hpp PATH_SUFFIXES opencv4)
add_library(opencv_api INTERFACE)
target_include_directories(opencv_api SYSTEM INTERFACE ${OPENCV_INCLUDE})
foreach(part core imgproc imgcodecs)
  find_library(OPENCV_${part} opencv_${part})
  if(NOT (OPENCV_INCLUDE AND OPENCV_${part}))
    message(FATAL_ERROR "OpenCV is not installed (apt install libopencv-core-dev libopencv-imgproc-dev libopencv-imgcodecs-dev libjpeg62-turbo-dev)")
  endif()
  target_link_libraries(opencv_api INTERFACE ${OPENCV_${part}})
endforeach()

find_path(JPEG_INCLUDE jpeglib.h)
find_library(JPEG_LIBRARY jpeg)
set(MX_JPEG_DEFAULT ON)

set(CPU_SDK ${PROJECT_SOURCE_DIR}/cpu_sdk)
set(sources compiled_model device_manager device_memory memory_helper model_inference_processor post_config table_softmax tensor_base
            wide_model)
list(TRANSFORM sources REPLACE "(.+)" "${CPU_SDK}/src/\\1.cpp")
# What does not differ between the vendor's versions is compiled once, in the folders that MX_SDK_HOME has.
add_library(mxbase_common OBJECT ${sources})
target_include_directories(mxbase_common PUBLIC ${CPU_SDK}/include ${CPU_SDK}/include/MxBase/postprocess/include)
target_compile_options(mxbase_common PRIVATE -Wall -Wextra -Werror)
target_link_libraries(mxbase_common PRIVATE openvino::runtime Threads::Threads)

function(add_cpu_sdk name api)
  add_library(${name} STATIC ${CPU_SDK}/src/resnet50_post_process.cpp)
  target_include_directories(${name} PUBLIC ${CPU_SDK}/api_${api})
  target_compile_options(${name} PRIVATE -Wall -Wextra -Werror)
  target_link_libraries(${name} PUBLIC mxbase_common PRIVATE openvino::runtime Threads::Threads)
endfunction()

add_cpu_sdk(mxbase_api 7_3)
