#define _GNU_SOURCE
#include <wchar.h>

#include "CLinux.h"

int clinux_width(unsigned scalar) { return wcwidth((wchar_t)scalar); }
