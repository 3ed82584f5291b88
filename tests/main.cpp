// The one file with doctest's main: it takes seconds to compile, so it holds no test.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
