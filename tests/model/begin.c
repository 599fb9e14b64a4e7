/* begin.c - linked before library and scenarios: where their static data begins. */
unsigned char model_data_begin[64] __attribute__((aligned(64))) = {1};
unsigned char model_bss_begin[64] __attribute__((aligned(64)));
