/* test_topic.c - topics by name: found or created, limits, names, and that they keep apart. */
#include "helpers.h"
#include <string.h>

START_TEST(a_topic_is_the_same_for_everyone) {
    struct torc_topic *again = NULL, *found = NULL;
    assert_ok(torc_topic_open(t.bus, "t", 0, &again));
    ck_assert_ptr_eq(again, t.topic);
    assert_ok(torc_topic_find(t.bus, "t", &found));
    ck_assert_ptr_eq(found, t.topic);
}
END_TEST

START_TEST(find_does_not_create) {
    struct torc_topic *found = NULL;
    assert_status(torc_topic_find(t.bus, "u", &found), TORC_NOT_FOUND);
    assert_status(torc_topic_find(t.bus, "u", &found), TORC_NOT_FOUND);
    ck_assert_ptr_null(found);
    assert_ok(torc_topic_open(t.bus, "u", 0, &found));
    assert_ok(torc_topic_find(t.bus, "u", &found));
}
END_TEST

START_TEST(names_are_compared_whole) {
    static const char *const names[] = {"ta", "T", " t"};
    struct torc_topic *topic[3];
    int i;
    for (i = 0; i < 3; i++) {
        topic[i] = open_topic(names[i]);
        ck_assert_ptr_ne(topic[i], t.topic);
        ck_assert_str_eq(torc_topic_name(topic[i]), names[i]);
    }
    ck_assert_ptr_ne(topic[0], topic[1]);
    ck_assert_ptr_ne(topic[1], topic[2]);
}
END_TEST

START_TEST(a_topic_knows_its_name_and_bus) {
    ck_assert_str_eq(torc_topic_name(t.topic), "t");
    ck_assert_ptr_eq(torc_topic_bus(t.topic), t.bus);
}
END_TEST

START_TEST(a_name_is_copied) {
    char name[] = "borrowed";
    struct torc_topic *topic = open_topic(name), *found = NULL;
    memset(name, 'x', sizeof name - 1);
    ck_assert_str_eq(torc_topic_name(topic), "borrowed");
    assert_ok(torc_topic_find(t.bus, "borrowed", &found));
    ck_assert_ptr_eq(found, topic);
}
END_TEST

START_TEST(a_name_has_63_bytes_at_most) {
    char name[TORC_TOPIC_NAME + 1];
    struct torc_topic *topic = NULL;
    memset(name, 'n', sizeof name);
    name[TORC_TOPIC_NAME] = '\0';
    assert_status(torc_topic_open(t.bus, name, 0, &topic), TORC_INVALID);
    assert_status(torc_topic_find(t.bus, name, &topic), TORC_INVALID);
    ck_assert_ptr_null(topic);
    name[TORC_TOPIC_NAME - 1] = '\0';
    assert_ok(torc_topic_open(t.bus, name, 0, &topic));
    ck_assert_str_eq(torc_topic_name(topic), name);
    name[TORC_TOPIC_NAME - 2] = '\0';
    assert_status(torc_topic_find(t.bus, name, &topic), TORC_NOT_FOUND);
}
END_TEST

START_TEST(an_empty_name_is_refused) {
    struct torc_topic *topic = NULL;
    assert_status(torc_topic_open(t.bus, "", 0, &topic), TORC_INVALID);
    assert_status(torc_topic_find(t.bus, "", &topic), TORC_INVALID);
    ck_assert_ptr_null(topic);
}
END_TEST

START_TEST(any_bytes_make_a_name) {
    static const char *const names[] = {"\xC3\xA9v\xC3\xA9nement", "a/b/c", "a b\tc", "\x01\x7F\xFF"};
    struct torc_topic *topic = open_topic(names[_i]);
    ck_assert_str_eq(torc_topic_name(topic), names[_i]);
}
END_TEST

START_TEST(no_more_topics_than_configured) {
    struct torc_topic *topic = NULL;
    struct torc_bus_stats stats;
    open_topic("a");
    open_topic("b");
    open_topic("c");
    assert_status(torc_topic_open(t.bus, "d", 0, &topic), TORC_NO_ROOM);
    ck_assert_ptr_null(topic);
    assert_ok(torc_topic_open(t.bus, "b", 0, &topic));
    assert_ok(torc_bus_stats(t.bus, &stats));
    ck_assert_uint_eq(stats.topics, 4);
}
END_TEST

START_TEST(a_bus_holds_as_many_topics_as_the_format_allows) {
    struct torc_config config = small_config();
    struct torc_topic *topic[TORC_MAX_TOPICS], *found;
    char name[] = "topic 0000";
    uint32_t i;
    config.topics = TORC_MAX_TOPICS;
    open_bus(&config);
    for (i = 1; i < TORC_MAX_TOPICS; i++) {
        name[6] = (char)('0' + i / 1000);
        name[7] = (char)('0' + i / 100 % 10);
        name[8] = (char)('0' + i / 10 % 10);
        name[9] = (char)('0' + i % 10);
        topic[i] = open_topic(name);
        assert_ok(torc_topic_find(t.bus, name, &found));
        ck_assert_ptr_eq(found, topic[i]);
    }
    assert_status(torc_topic_open(t.bus, "one more", 0, &found), TORC_NO_ROOM);
}
END_TEST

START_TEST(unknown_flags_are_refused) {
    struct torc_topic *topic = NULL;
    assert_status(torc_topic_open(t.bus, "flags", 0x80u, &topic), TORC_INVALID);
    assert_status(torc_topic_find(t.bus, "flags", &topic), TORC_NOT_FOUND);
}
END_TEST

START_TEST(flags_count_on_creation_only) {
    struct torc_topic *topic = NULL;
    struct torc_ringptr ptr = TORC_RINGPTR_NULL;
    assert_ok(torc_topic_open(t.bus, "t", TORC_TOPIC_NO_INLINE, &topic));
    ck_assert_ptr_eq(topic, t.topic);
    t.publisher = open_publisher(topic, TORC_DRY_FAIL);
    t.reader = open_reader(topic, TORC_JOIN_NEXT);
    assert_ok(put(t.publisher, 1));
    ptr = keep_next(t.reader);
    ck_assert_uint_eq(torc_ringptr_count(ptr), 1);
    assert_ok(torc_ringptr_release(ptr));
}
END_TEST

START_TEST(a_closed_bus_finds_topics_and_creates_none) {
    struct torc_topic *topic = NULL;
    assert_ok(torc_bus_close(t.bus));
    assert_status(torc_topic_open(t.bus, "late", 0, &topic), TORC_CLOSED);
    ck_assert_ptr_null(topic);
    assert_ok(torc_topic_find(t.bus, "t", &topic));
    ck_assert_ptr_eq(topic, t.topic);
}
END_TEST

START_TEST(topics_keep_their_events_apart) {
    struct torc_topic *other = open_topic("other");
    struct torc_publisher *publisher = open_publisher(other, TORC_DRY_FAIL);
    struct torc_reader *reader = open_reader(other, TORC_JOIN_NEXT);
    t.publisher = open_publisher(t.topic, TORC_DRY_FAIL);
    t.reader = open_reader(t.topic, TORC_JOIN_NEXT);
    put_run(t.publisher, 0, LANE);
    assert_status(put(t.publisher, 99), TORC_WOULD_BLOCK);
    put_run(publisher, 100, 3);
    take_run(reader, 100, 3);
    take_none(reader);
    take_run(t.reader, 0, LANE);
    take_none(t.reader);
    assert_ok(torc_publisher_close(publisher));
    assert_ok(torc_reader_close(reader));
}
END_TEST

/* Membership is a bit per lane and per reader: the highest of them count as well. */
START_TEST(a_topic_has_as_many_members_as_the_format_allows) {
    struct torc_config config = small_config();
    struct torc_publisher *publisher[TORC_MAX_PUBLISHERS];
    struct torc_reader *reader[TORC_MAX_READERS];
    struct torc_event event;
    config.publishers = TORC_MAX_PUBLISHERS;
    config.readers = TORC_MAX_READERS;
    open_bus(&config);
    for (uint64_t i = 0; i < TORC_MAX_READERS; i++) {
        reader[i] = open_reader(t.topic, TORC_JOIN_NEXT);
    }
    for (uint64_t i = 0; i < TORC_MAX_PUBLISHERS; i++) {
        publisher[i] = open_publisher(t.topic, TORC_DRY_FAIL);
        put_run(publisher[i], 0, LANE);
    }
    for (uint64_t i = 0; i < TORC_MAX_READERS; i++) {
        uint64_t seen[TORC_MAX_PUBLISHERS] = {0};
        for (uint64_t n = 0; n < TORC_MAX_PUBLISHERS; n++) {
            assert_status(put(publisher[n], 0), TORC_WOULD_BLOCK); /* reader i has read nothing */
        }
        for (uint64_t n = 0; n < TORC_MAX_PUBLISHERS * LANE; n++) {
            assert_ok(torc_next(reader[i], &event));
            ck_assert_uint_eq(number_of(&event), seen[event.lane]++);
        }
        take_none(reader[i]);
    }
    for (uint64_t i = 0; i < TORC_MAX_PUBLISHERS; i++) {
        assert_ok(put(publisher[i], 0));
        assert_ok(torc_publisher_close(publisher[i]));
    }
    for (uint64_t i = 0; i < TORC_MAX_READERS; i++) {
        assert_ok(torc_reader_close(reader[i]));
    }
}
END_TEST

Suite *topic_suite(void) {
    Suite *suite = suite_create("topic");
    TCase *tcase = add_case(suite, "names", setup_bus);
    TCase *own = add_case(suite, "many", NULL);
    tcase_add_test(tcase, a_topic_is_the_same_for_everyone);
    tcase_add_test(tcase, find_does_not_create);
    tcase_add_test(tcase, names_are_compared_whole);
    tcase_add_test(tcase, a_topic_knows_its_name_and_bus);
    tcase_add_test(tcase, a_name_is_copied);
    tcase_add_test(tcase, a_name_has_63_bytes_at_most);
    tcase_add_test(tcase, an_empty_name_is_refused);
    tcase_add_loop_test(tcase, any_bytes_make_a_name, 0, 4);
    tcase_add_test(tcase, no_more_topics_than_configured);
    tcase_add_test(own, a_bus_holds_as_many_topics_as_the_format_allows);
    tcase_add_test(own, a_topic_has_as_many_members_as_the_format_allows);
    tcase_add_test(tcase, unknown_flags_are_refused);
    tcase_add_test(tcase, flags_count_on_creation_only);
    tcase_add_test(tcase, a_closed_bus_finds_topics_and_creates_none);
    tcase_add_test(tcase, topics_keep_their_events_apart);
    return suite;
}
