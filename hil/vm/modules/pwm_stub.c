// SPDX-License-Identifier: GPL-2.0
/* A PWM chip of two channels without hardware, so that /sys/class/pwm is the kernel's own. Only for the test machine:
 * it is built there and is no part of evsed. */
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pwm.h>

static int pwm_stub_apply(struct pwm_chip *chip, struct pwm_device *pwm, const struct pwm_state *state)
{
	return 0;
}

static const struct pwm_ops pwm_stub_ops = { .apply = pwm_stub_apply, .owner = THIS_MODULE };

static int pwm_stub_probe(struct platform_device *device)
{
	struct pwm_chip *chip = devm_kzalloc(&device->dev, sizeof(*chip), GFP_KERNEL);

	if (!chip)
		return -ENOMEM;
	chip->dev = &device->dev;
	chip->ops = &pwm_stub_ops;
	chip->npwm = 2;
	return devm_pwmchip_add(&device->dev, chip);
}

static struct platform_driver pwm_stub_driver = { .probe = pwm_stub_probe, .driver = { .name = "fe20c000.pwm" } };
static struct platform_device *device;

static int __init pwm_stub_init(void)
{
	int error = platform_driver_register(&pwm_stub_driver);

	if (error)
		return error;
	/* The name that a Pi 4's PWM has. */
	device = platform_device_register_simple("fe20c000.pwm", PLATFORM_DEVID_NONE, NULL, 0);
	return PTR_ERR_OR_ZERO(device);
}

static void __exit pwm_stub_exit(void)
{
	platform_device_unregister(device);
	platform_driver_unregister(&pwm_stub_driver);
}

module_init(pwm_stub_init);
module_exit(pwm_stub_exit);
MODULE_LICENSE("GPL");
