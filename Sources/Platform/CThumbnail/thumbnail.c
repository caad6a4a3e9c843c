// The input is mapped and the process confined before a byte of it is looked at. Only four formats get as far as libvips,
// told by their first bytes; all other loaders are blocked, and its modules, which would bring more, are not loaded.
// A header says how many pixels there are, so that a bomb is refused before it is decoded.
#include "thumbnail.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vips/vips.h>

// Frames of an animation; of a longer one only the first is shown.
static const int frames_max = 500;

struct picture {
    const void *bytes;
    size_t byte_count;
    const char *type;
    // As it is shown: turned as its maker said.
    int width;
    int height;
    int frames;
};

static void limit(__rlimit_resource_t resource, rlim_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    // A limit that is lower already stays.
    (void)setrlimit(resource, &limit);
}

void apus_thumbnail_confine(int64_t memory_bytes_max, int cpu_seconds_max) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_AS, (rlim_t)memory_bytes_max);
    limit(RLIMIT_CPU, (rlim_t)cpu_seconds_max);
    // A warning that does not fit into a log is lost, not the process.
    signal(SIGXFSZ, SIG_IGN);
    limit(RLIMIT_FSIZE, 0);
}

static const char *type_of(const unsigned char *bytes, size_t count) {
    if (count >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0) return "image/jpeg";
    if (count >= 8 && memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) == 0) return "image/png";
    if (count >= 6 && (memcmp(bytes, "GIF87a", 6) == 0 || memcmp(bytes, "GIF89a", 6) == 0)) return "image/gif";
    if (count >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) return "image/webp";
    return NULL;
}

static uint32_t little_endian(const unsigned char *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

// Where a JPEG's own picture begins: behind what is said of it, which may hold a small picture with an end of its own.
static size_t scan_of_jpeg(const unsigned char *bytes, size_t count) {
    size_t offset = 2;
    while (offset + 4 <= count && bytes[offset] == 0xFF && bytes[offset + 1] != 0xDA) {
        offset += 2 + ((size_t)bytes[offset + 2] << 8 | bytes[offset + 3]);
    }
    return offset < count ? offset : count;
}

static size_t colours_of_gif(unsigned char flags) { return flags & 0x80 ? (size_t)3 * (2 << (flags & 7)) : 0; }

// Goes from block to block to the one that ends a GIF.
static bool is_whole_gif(const unsigned char *bytes, size_t count) {
    if (count < 13) return false;
    size_t at = 13 + colours_of_gif(bytes[10]);
    while (at < count && bytes[at] != 0x3B) {
        if (bytes[at] == 0x2C && at + 10 < count) {
            at += 11 + colours_of_gif(bytes[at + 9]);
        } else if (bytes[at] == 0x21) {
            at += 2;
        } else if (bytes[at] != 0) {
            return false;
        }
        while (at < count && bytes[at] != 0) at += 1 + (size_t)bytes[at];
        at++;
    }
    return at < count;
}

// Whether the format's end is there: what a decoder makes of a file that is cut off is grey.
//
// Something may follow the end, as cameras append films to pictures.
static bool is_whole(const struct picture *picture) {
    const unsigned char *bytes = picture->bytes;
    size_t count = picture->byte_count;
    if (strcmp(picture->type, "image/jpeg") == 0) {
        size_t scan = scan_of_jpeg(bytes, count);
        return memmem(bytes + scan, count - scan, "\xFF\xD9", 2) != NULL;
    }
    if (strcmp(picture->type, "image/png") == 0) return memmem(bytes, count, "IEND\xAE\x42\x60\x82", 8) != NULL;
    if (strcmp(picture->type, "image/webp") == 0) return (uint64_t)little_endian(bytes + 4) + 8 <= count;
    return is_whole_gif(bytes, count);
}

static enum apus_thumbnail_outcome map(int input, struct picture *picture) {
    struct stat status;
    if (fstat(input, &status) != 0 || status.st_size <= 0) return APUS_THUMBNAIL_UNKNOWN;
    picture->byte_count = (size_t)status.st_size;
    picture->bytes = mmap(NULL, picture->byte_count, PROT_READ, MAP_PRIVATE, input, 0);
    if (picture->bytes == MAP_FAILED) return APUS_THUMBNAIL_TOO_LARGE;
    picture->type = type_of(picture->bytes, picture->byte_count);
    return picture->type ? APUS_THUMBNAIL_MADE : APUS_THUMBNAIL_UNKNOWN;
}

// Whether a JPEG ended before its last pixels.
//
// libjpeg warns of that and goes on in grey. libvips can fail on every warning or on none, and many whole pictures have
// some: cameras pad, for one. So the words are looked for, which libvips writes to its log when it is done with the file.
static bool ended_early = false;

static void note_warning(const gchar *domain, GLogLevelFlags level, const gchar *message, gpointer unused) {
    (void)domain, (void)level, (void)unused;
    if (strstr(message, "remature end of")) ended_early = true;
}

// Starts libvips; from then on no file can be opened.
static bool start(void) {
    // Modules are looked for under this: nowhere.
    setenv("VIPSHOME", "/nowhere", 1);
    if (vips_init("apus-thumbnailer") != 0) return false;
    static const char *const loaders[] = {
        "VipsForeignLoadJpeg", "VipsForeignLoadPng", "VipsForeignLoadNsgif", "VipsForeignLoadWebp"};
    vips_operation_block_set("VipsForeignLoad", TRUE);
    for (size_t loader = 0; loader < sizeof loaders / sizeof *loaders; loader++) {
        vips_operation_block_set(loaders[loader], FALSE);
    }
    g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, note_warning, NULL);
    vips_concurrency_set(1);
    vips_cache_set_max(0);
    limit(RLIMIT_NOFILE, 0);
    return true;
}

static enum apus_thumbnail_outcome measure(struct picture *picture) {
    VipsImage *image = vips_image_new_from_buffer(
        picture->bytes, picture->byte_count, "", "access", VIPS_ACCESS_SEQUENTIAL, NULL);
    if (!image) return APUS_THUMBNAIL_BROKEN;
    bool is_turned = vips_image_get_orientation_swap(image);
    int width = vips_image_get_width(image), height = vips_image_get_page_height(image);
    picture->width = is_turned ? height : width;
    picture->height = is_turned ? width : height;
    picture->frames = vips_image_get_n_pages(image);
    g_object_unref(image);
    return picture->width > 0 && picture->height > 0 ? APUS_THUMBNAIL_MADE : APUS_THUMBNAIL_BROKEN;
}

static int at_least_one(double value) { return value < 1 ? 1 : (int)value; }

// The size to draw it in, and the size to cut out of that.
struct plan {
    int width, height;
    int cut_width, cut_height;
};

// Neither side is smaller than what was asked for, unless the picture's own is; it is never enlarged.
static struct plan plan(const struct picture *picture, const struct apus_thumbnail_request *request) {
    double across = (double)request->width / picture->width, down = (double)request->height / picture->height;
    double scale = fmin(1, fmax(across, down));
    struct plan plan = {
        .width = at_least_one(ceil(picture->width * scale - 1e-6)),
        .height = at_least_one(ceil(picture->height * scale - 1e-6)),
    };
    plan.cut_width = plan.width;
    plan.cut_height = plan.height;
    if (request->is_cropped) {
        // A picture smaller than the frame is cut to the frame's ratio.
        double fit = fmin(1, fmin((double)plan.width / request->width, (double)plan.height / request->height));
        plan.cut_width = at_least_one(round(request->width * fit));
        plan.cut_height = at_least_one(round(request->height * fit));
        if (plan.cut_width > plan.width) plan.cut_width = plan.width;
        if (plan.cut_height > plan.height) plan.cut_height = plan.height;
    }
    return plan;
}

// Cuts the middle out of each frame; frames stand one below the other.
static VipsImage *cut(VipsImage *image, const struct plan *plan, int frames) {
    if (plan->cut_width == plan->width && plan->cut_height == plan->height) return image;
    int left = (plan->width - plan->cut_width) / 2, top = (plan->height - plan->cut_height) / 2;
    VipsImage **parts = calloc((size_t)frames, sizeof *parts);
    if (!parts) return NULL;
    VipsImage *joined = NULL;
    bool is_cut = true;
    for (int frame = 0; frame < frames && is_cut; frame++) {
        is_cut = vips_extract_area(
                     image, &parts[frame], left, frame * plan->height + top, plan->cut_width, plan->cut_height, NULL)
            == 0;
    }
    if (is_cut && frames == 1) {
        joined = g_object_ref(parts[0]);
    } else if (is_cut && vips_arrayjoin(parts, &joined, frames, "across", 1, NULL) != 0) {
        joined = NULL;
    }
    for (int frame = 0; frame < frames; frame++) {
        if (parts[frame]) g_object_unref(parts[frame]);
    }
    free(parts);
    g_object_unref(image);
    if (joined && frames > 1) {
        VipsImage *own = NULL;
        if (vips_copy(joined, &own, NULL) != 0) own = NULL;
        g_object_unref(joined);
        if (own) vips_image_set_int(own, VIPS_META_PAGE_HEIGHT, plan->cut_height);
        return own;
    }
    return joined;
}

static VipsImage *eight_bits(VipsImage *image) {
    if (vips_image_get_format(image) != VIPS_FORMAT_USHORT) return image;
    VipsImage *cast = NULL;
    if (vips_cast(image, &cast, VIPS_FORMAT_UCHAR, "shift", TRUE, NULL) != 0) cast = NULL;
    g_object_unref(image);
    return cast;
}

static bool write_all(int output, const char *bytes, size_t count) {
    while (count > 0) {
        ssize_t written = write(output, bytes, count);
        if (written <= 0) return false;
        bytes += written;
        count -= (size_t)written;
    }
    return true;
}

static bool write_head(int output, const char *type, int width, int height) {
    char head[64];
    int count = snprintf(head, sizeof head, "%s %d %d\n", type, width, height);
    return write_all(output, head, (size_t)count);
}

static enum apus_thumbnail_outcome save(VipsImage *image, int output, const struct plan *plan, int frames) {
    void *bytes = NULL;
    size_t count = 0;
    const char *type = "image/jpeg";
    int failed;
    if (frames > 1) {
        type = "image/webp";
        failed = vips_webpsave_buffer(image, &bytes, &count, "Q", 75, "effort", 2, "strip", TRUE, NULL);
    } else if (vips_image_hasalpha(image)) {
        type = "image/png";
        failed = vips_pngsave_buffer(image, &bytes, &count, "compression", 6, "strip", TRUE, NULL);
    } else {
        failed = vips_jpegsave_buffer(image, &bytes, &count, "Q", 80, "strip", TRUE, NULL);
    }
    g_object_unref(image);
    if (failed) return APUS_THUMBNAIL_BROKEN;
    bool is_written = !ended_early && write_head(output, type, plan->cut_width, plan->cut_height)
        && write_all(output, bytes, count);
    g_free(bytes);
    return is_written ? APUS_THUMBNAIL_MADE : APUS_THUMBNAIL_BROKEN;
}

// What the loader is told: to say so when pixels are missing. The thumbnail operation has a parameter for that, which it
// does not hand on.
static const char *loader_options(const struct picture *picture, int frames) {
    if (frames > 1) return "n=-1";
    bool is_still = strcmp(picture->type, "image/jpeg") == 0 || strcmp(picture->type, "image/png") == 0;
    return is_still ? "fail_on=truncated" : "";
}

static enum apus_thumbnail_outcome draw(
    const struct picture *picture, const struct apus_thumbnail_request *request, int frames, int output) {
    struct plan drawn = plan(picture, request);
    VipsImage *image = NULL;
    // The size is exact, so that its ratio is off by less than a pixel.
    int failed = vips_thumbnail_buffer(
        (void *)picture->bytes, picture->byte_count, &image, drawn.width, "height", drawn.height, "size",
        VIPS_SIZE_FORCE, "export_profile", "srgb", "option_string", loader_options(picture, frames), NULL);
    if (failed) return APUS_THUMBNAIL_BROKEN;
    if (vips_image_get_height(image) != drawn.height * frames) {
        g_object_unref(image);
        return APUS_THUMBNAIL_BROKEN;
    }
    image = cut(image, &drawn, frames);
    if (image) image = eight_bits(image);
    return image ? save(image, output, &drawn, frames) : APUS_THUMBNAIL_BROKEN;
}

enum apus_thumbnail_outcome apus_thumbnail_make(int input, int output, struct apus_thumbnail_request request) {
    struct picture picture = {0};
    enum apus_thumbnail_outcome outcome = map(input, &picture);
    if (outcome != APUS_THUMBNAIL_MADE) return outcome;
    if (!is_whole(&picture)) return APUS_THUMBNAIL_BROKEN;
    if (!start()) return APUS_THUMBNAIL_BROKEN;
    outcome = measure(&picture);
    if (outcome != APUS_THUMBNAIL_MADE) return outcome;
    int64_t pixels = (int64_t)picture.width * picture.height;
    if (pixels > request.pixels_max) return APUS_THUMBNAIL_TOO_LARGE;
    if (request.width == 0 || request.height == 0) {
        return write_head(output, picture.type, picture.width, picture.height) ? APUS_THUMBNAIL_MADE
                                                                                : APUS_THUMBNAIL_BROKEN;
    }
    // An animated PNG is one frame to libvips.
    bool moves = picture.frames > 1
        || memmem(picture.bytes, picture.byte_count < 4096 ? picture.byte_count : 4096, "acTL", 4);
    int frames = request.is_animated && picture.frames <= frames_max && pixels * picture.frames <= request.pixels_max
        ? picture.frames
        : 1;
    bool is_small = picture.width <= request.width && picture.height <= request.height;
    if (is_small && (!moves || request.is_animated)) {
        return write_head(output, picture.type, picture.width, picture.height) ? APUS_THUMBNAIL_ORIGINAL
                                                                                : APUS_THUMBNAIL_BROKEN;
    }
    return draw(&picture, &request, frames, output);
}
