"""The price table is one, and what the README says of costs follows from it."""

import json
import re
import unittest

import tool

TABLE = json.loads((tool.ROOT / "infra" / "aws" / "prices.json").read_text())

#: A year has 8,760 hours.
MINUTES_A_MONTH = 8760 * 60 // 12

PICO = 10**12


def price(name):
    return TABLE["prices"][name]["pico_usd"]


class Prices(unittest.TestCase):
    """Reads the table as the code would."""

    def test_every_price_says_what_it_is_of(self):
        self.assertRegex(TABLE["date"], r"^\d{4}-\d{2}-\d{2}$")
        for name, entry in TABLE["prices"].items():
            with self.subTest(price=name):
                self.assertEqual(set(entry), {"pico_usd", "per", "source", "read"})
                self.assertIsInstance(entry["pico_usd"], int)
                self.assertGreater(entry["pico_usd"], 0)
                self.assertTrue(entry["per"])
                self.assertRegex(entry["source"], r"^https://aws\.amazon\.com/[a-z0-9/-]+/$")
                self.assertIsInstance(entry["read"], bool)

    def test_the_readme_tells_what_an_idle_deployment_costs(self):
        readme = re.sub(r"\s+", " ", (tool.MODULE / "README.md").read_text())
        bridge = tool.blueprint(self)["functions"]["bridge"]
        calls = MINUTES_A_MONTH * price("lambda_request") / PICO
        # 100 ms each, as the README says.
        time = MINUTES_A_MONTH * bridge["memory_mb"] / 1024 / 10 * price("lambda_gb_second_arm64") / PICO
        self.assertIn(f"about {MINUTES_A_MONTH:,} a month: ${calls:.2f} for the calls", readme)
        self.assertIn(f"about ${time:.2f} for their time at 100 ms each", readme)
        self.assertIn(f"It costs ${price('kms_key_month') // PICO} a month", readme)
        self.assertIn(f"Alarms: ${price('alarm_month') / PICO:.2f} each", readme)

    def test_the_readme_names_the_region_of_its_prices(self):
        readme = (tool.MODULE / "README.md").read_text()
        self.assertIn(f"prices of {TABLE['region']}", re.sub(r"\s+", " ", readme))


if __name__ == "__main__":
    unittest.main()
