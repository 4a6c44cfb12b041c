/* An I2C adapter of the kernel for one process: laid before the C library (LD_PRELOAD), it answers for the file that
 * I2C_ADAPTER names as i2c-dev does, with one device of 256 registers at 0x48. Written from linux/i2c-dev.h. At 0x4A a
 * device holds the clock until the time limit is over. The limit, in 10 ms, is told by register 0xFF of 0x48. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char memory[256], pointer;
static unsigned long limit = 100;

static int ours(int fd)
{
	struct stat file, adapter;
	const char *path = getenv("I2C_ADAPTER");

	return path && !fstat(fd, &file) && !stat(path, &adapter) && file.st_ino == adapter.st_ino &&
	       file.st_dev == adapter.st_dev;
}

static int message(const struct i2c_msg *it)
{
	if (it->addr == 0x4A) {
		usleep(limit * 10000);
		errno = ETIMEDOUT;
		return -1;
	}
	if (it->addr != 0x48) {
		errno = EREMOTEIO;
		return -1;
	}
	if (it->flags & I2C_M_RD) {
		for (int i = 0; i < it->len; i++)
			it->buf[i] = memory[(unsigned char)(pointer + i)];
		return 0;
	}
	pointer = it->buf[0];
	for (int i = 1; i < it->len; i++)
		memory[(unsigned char)(pointer + i - 1)] = it->buf[i];
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	static int (*next)(int, unsigned long, void *);
	va_list list;
	void *argument;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (!next)
		next = dlsym(RTLD_NEXT, "ioctl");
	if (!ours(fd))
		return next(fd, request, argument);
	if (request == I2C_FUNCS) {
		*(unsigned long *)argument = I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
		return 0;
	}
	if (request == I2C_TIMEOUT) {
		limit = (unsigned long)argument;
		memory[0xFF] = limit;
		return 0;
	}
	if (request == I2C_RDWR) {
		const struct i2c_rdwr_ioctl_data *all = argument;

		if (!all->nmsgs || all->nmsgs > I2C_RDWR_IOCTL_MAX_MSGS) {
			errno = EINVAL;
			return -1;
		}
		for (unsigned int i = 0; i < all->nmsgs; i++)
			if (message(&all->msgs[i]))
				return -1;
		return all->nmsgs;
	}
	errno = ENOTTY;
	return -1;
}
