#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#ifdef UNDER_ASAN
// OpenVINO's readers of formats leak a few bytes when they look at a file that is none of theirs. A library that stays loaded can be
// told from ours.
extern "C" int dlclose(void *) { return 0; }
extern "C" const char *__lsan_default_suppressions() { return "leak:libopenvino\nleak:libtbb\n"; }
#endif
