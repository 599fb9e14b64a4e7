/* src/array.c - torc_publish_array where it is not inline. */
#include "row.h"

/* As messages, a run at a time; what is too big is refused at the first. */
int torc_publish_array_until(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size,
                             size_t count, uint64_t deadline, size_t *published) {
    struct torc_message messages[ROW];
    const unsigned char *from = data;
    size_t done = 0, some, sent;
    int status;
    do {
        size_t most = size <= TORC_MAX_EVENT ? ROW : 1;
        some = count - done < most ? count - done : most;
        for (size_t i = 0; i < some; i++) {
            messages[i] = (struct torc_message){from != NULL ? from + (done + i) * size : NULL, size, type};
        }
        status = torc_publish_batch_until(publisher, messages, some, deadline, &sent);
        done += sent;
    } while (status == TORC_OK && done < count);
    if (published != NULL) {
        *published = done;
    }
    return status;
}

int torc_try_publish_array(struct torc_publisher *publisher, uint32_t type, const void *data, size_t size, size_t count,
                           size_t *published) {
    return torc_publish_array_until(publisher, type, data, size, count, TORC_NO_WAIT, published);
}
