// SwiftPM wants a source file in a C target; the header imports libargon2 and adds nothing.
#include "argon2_shim.h"
