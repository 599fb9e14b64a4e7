/* end.c - linked after library and scenarios: where their static data ends. */
unsigned char model_data_end[64] __attribute__((aligned(64))) = {1};
unsigned char model_bss_end[64] __attribute__((aligned(64)));
