"""jupyter_kernel_test's whole suite against this kernel."""

import jupyter_kernel_test as jkt


class Candlewick(jkt.KernelTests):
    kernel_name = "candlewick"
    language_name = "rhai"
    file_extension = ".rhai"
    code_hello_world = 'print("hello, world")'
    code_stderr = 'debug("to stderr")'
    completion_samples = [{"text": "%hoo", "matches": {"%hooks"}}, {"text": "clear_o", "matches": {"clear_output"}}]
    complete_code_samples = ["1 + 1", "fn f(x) { x }", 'print("a");', "%help", ""]
    incomplete_code_samples = ["fn f(x) {", "let a = [1,", "if true {", "/* a"]
    invalid_code_samples = ["let = 1", "fn 1() {}", "1 +* 2"]
    code_page_something = "%help display"
    code_generate_error = "no_such_function(1)"
    code_execute_result = [
        {"code": "1 + 1", "result": "2"},
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": '"ab"'},
    ]
    code_display_data = [{"code": "display([1, 2, 3]);", "mime": "text/plain"}]
    code_history_pattern = "1?+*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "print"
    code_clear_output = "clear_output()"


class Welcome(jkt.IopubWelcomeTests):
    kernel_name = "candlewick"
    support_iopub_welcome = True


if __name__ == "__main__":
    import unittest

    unittest.main()
