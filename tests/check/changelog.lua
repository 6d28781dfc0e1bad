-- A version without its line
playbook {
  name = "changelog", version = "1.1.0", owner = "team", summary = "x", may_change = {}, params = {},
  changelog = { ["1.0.0"] = "First version" }, -- expect: changelog @ changelog
}
function main() finish("done") end
