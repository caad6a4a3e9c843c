#pragma once
// What Swift does not see of the C library's way to start processes.
#include <spawn.h>

// Has the child close each descriptor from `first` on; 0, or what is wrong.
int apus_spawn_close_from(posix_spawn_file_actions_t *actions, int first);
