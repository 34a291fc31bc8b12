import unittest

from compare import matches, says


class MatchesTests(unittest.TestCase):
    def yes(self, *arguments, **options):
        self.assertTrue(matches(*arguments, **options))

    def no(self, *arguments, **options):
        self.assertFalse(matches(*arguments, **options))

    def test_numbers_count_by_value(self):
        self.yes([[12.5]], [["12.50"]])
        self.yes([[1]], [[True]])
        self.yes([[0.1 + 0.2]], [["0.3"]])
        self.yes([[9007199254740993]], [[{"$integer": "9007199254740993"}]])
        self.no([[12.5]], [["12.51"]])
        self.no([[9007199254740993]], [[{"$integer": "9007199254740992"}]], tolerance=0.5)
        self.no([[1]], [["one"]])

    def test_tolerance_is_what_the_question_allows(self):
        self.yes([[3.818182]], [[3.8182]], tolerance=0.01)
        self.no([[3.818182]], [[3.9]], tolerance=0.01)
        self.no([[3.818182]], [[3.8182]])

    def test_null_is_only_null(self):
        self.yes([[None, "a"]], [[None, "a"]])
        self.no([[None]], [[0]])
        self.no([[None]], [[""]])
        self.no([[None]], [["NULL"]])

    def test_columns_may_be_in_another_order_and_more(self):
        self.yes([["crime", 5]], [[5, "crime"]])
        self.yes([["crime", 5]], [[17, 5, "crime"]])
        self.no([["crime", 5]], [["crime"]])
        # Each expected column is one of its own.
        self.no([[5, 5]], [[5, 6]])
        # Columns that match one by one and not row by row.
        self.no([["a", 1], ["b", 2]], [["a", 2], ["b", 1]])

    def test_rows_in_any_order_unless_one_is_asked_for(self):
        self.yes([["a"], ["b"]], [["b"], ["a"]])
        self.no([["a"], ["b"]], [["b"], ["a"]], ordered=True)
        self.yes([["a"], ["b"]], [["a"], ["b"]], ordered=True)

    def test_neither_more_rows_nor_fewer(self):
        self.no([["a"]], [["a"], ["b"]])
        self.no([["a"], ["b"]], [["a"]])
        self.no([["a"], ["a"]], [["a"], ["b"]])
        self.no([["a"], ["b"]], [["a"], ["a"]])
        self.no([["a"]], [])
        self.yes([], [])

    def test_times_in_the_forms_of_all_engines(self):
        self.yes([["2025-03-01 10:00:00"]], [["2025-03-01T10:00:00.000000Z"]])
        self.yes([["2025-03-01"]], [["2025-03-01 00:00:00"]])
        self.no([["2025-03-01 10:00:00"]], [["2025-03-01 10:00:01"]])

    def test_odd_cells_are_compared_and_no_error(self):
        self.no([[1]], [[float("nan")]])
        self.no([[1]], [["1e999999999"]])
        self.no([["a"]], [[{"$truncated": {"bytes": 9, "prefix": "a"}}]])
        self.no([["a"]], [[["a"]]])


class SaysTests(unittest.TestCase):
    def test_a_number_in_a_sentence(self):
        self.assertTrue(says("There are 1,204 of them.", [[1204]]))
        self.assertTrue(says("About 26.8 euros", [[26.804]]))
        self.assertFalse(says("There are 1204 of them.", [[12]]))
        self.assertFalse(says("None.", [[4]]))

    def test_a_name_in_a_sentence(self):
        self.assertTrue(says("It is *the winter letters*.", [["The Winter Letters"]]))
        self.assertFalse(says("It is another.", [["The Winter Letters"]]))

    def test_only_one_value_can_be_said(self):
        self.assertIsNone(says("a, b", [["a"], ["b"]]))
        self.assertIsNone(says("a 1", [["a", 1]]))


if __name__ == "__main__":
    unittest.main()
