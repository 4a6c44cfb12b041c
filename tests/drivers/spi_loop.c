/* Stands in for the kernel's spidev: loaded before libc, it answers ioctl() on one file by the header's own words.
   What goes out comes back with every bit turned; the settings are written to SPI_LOG. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/spi/spidev.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stdint.h>

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    FILE *log = fopen(getenv("SPI_LOG"), "a");
    switch (request) {
    case SPI_IOC_WR_MODE: fprintf(log, "mode %u\n", *(uint8_t *)argument); break;
    case SPI_IOC_WR_BITS_PER_WORD: fprintf(log, "bits %u\n", *(uint8_t *)argument); break;
    case SPI_IOC_WR_MAX_SPEED_HZ: fprintf(log, "hertz %u\n", *(uint32_t *)argument); break;
    case SPI_IOC_MESSAGE(1): {
        struct spi_ioc_transfer *t = argument;
        const uint8_t *out = (const uint8_t *)(uintptr_t)t->tx_buf;
        uint8_t *in = (uint8_t *)(uintptr_t)t->rx_buf;
        for (uint32_t i = 0; i < t->len; i++) in[i] = (uint8_t)~out[i];
        fprintf(log, "transfer %u bits %u cs_change %u delay %u hertz %u\n", t->len, t->bits_per_word, t->cs_change,
                t->delay_usecs, t->speed_hz);
        break;
    }
    default: {
        int (*real)(int, unsigned long, void *) = dlsym(RTLD_NEXT, "ioctl");
        fclose(log);
        return real(fd, request, argument);
    }
    }
    fclose(log);
    return 0;
}
