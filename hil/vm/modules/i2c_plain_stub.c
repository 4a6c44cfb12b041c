// SPDX-License-Identifier: GPL-2.0
/* An I2C adapter that does plain transfers, which i2c-stub does not, with one device at 0x48: a pointer register and
 * four registers of 16 bits, high byte first, as an ADS1115 has them. Only for the test machine. */
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#define ADDRESS 0x48

static u16 registers[4] = { 0x1234, 0x8583, 0x8000, 0x7fff };
static u8 pointer;

static int plain_stub_transfer(struct i2c_adapter *adapter, struct i2c_msg *messages, int count)
{
	int i, j;

	for (i = 0; i < count; i++) {
		struct i2c_msg *message = &messages[i];

		if (message->addr != ADDRESS)
			return -ENXIO;
		if (message->flags & I2C_M_RD) {
			for (j = 0; j < message->len; j++)
				message->buf[j] = registers[pointer] >> (j % 2 ? 0 : 8);
		} else if (message->len) {
			pointer = message->buf[0] & 3;
			if (message->len >= 3)
				registers[pointer] = message->buf[1] << 8 | message->buf[2];
		}
	}
	return count;
}

static u32 plain_stub_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C;
}

static const struct i2c_algorithm plain_stub_algorithm = {
	.master_xfer = plain_stub_transfer,
	.functionality = plain_stub_functionality,
};

static struct i2c_adapter adapter = {
	.owner = THIS_MODULE,
	.algo = &plain_stub_algorithm,
	.name = "plain stub",
};

static int __init plain_stub_init(void)
{
	return i2c_add_adapter(&adapter);
}

static void __exit plain_stub_exit(void)
{
	i2c_del_adapter(&adapter);
}

module_init(plain_stub_init);
module_exit(plain_stub_exit);
MODULE_LICENSE("GPL");
