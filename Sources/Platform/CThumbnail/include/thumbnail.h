#pragma once
// Makes one thumbnail with libvips and is done: the body of a process that may die.
#include <stdbool.h>
#include <stdint.h>

enum apus_thumbnail_outcome {
    APUS_THUMBNAIL_MADE = 0,
    // It is not larger than what was asked for: its own bytes will do.
    APUS_THUMBNAIL_ORIGINAL = 10,
    // It is none of the formats that are taken.
    APUS_THUMBNAIL_UNKNOWN = 11,
    // It has more pixels than are taken, or needs more memory.
    APUS_THUMBNAIL_TOO_LARGE = 12,
    // It cannot be read.
    APUS_THUMBNAIL_BROKEN = 13,
};

struct apus_thumbnail_request {
    // What is wanted at least; 0 by 0 only measures.
    int width;
    int height;
    // Cut to the ratio that was asked for; else the picture keeps its own.
    bool is_cropped;
    bool is_animated;
    // Width by height by frames.
    int64_t pixels_max;
};

// Gives up what the process will not need: other files, a core dump, most memory and time.
void apus_thumbnail_confine(int64_t memory_bytes_max, int cpu_seconds_max);

// Reads the file open as `input` and writes to `output`: a line `TYPE WIDTH HEIGHT`, then the thumbnail's bytes.
enum apus_thumbnail_outcome apus_thumbnail_make(int input, int output, struct apus_thumbnail_request request);
