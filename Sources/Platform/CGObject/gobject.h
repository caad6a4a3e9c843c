#pragma once
// What libvips's headers need; pkg-config says where it is.
#include <glib-object.h>
