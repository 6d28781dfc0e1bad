-- A header without its summary
playbook { name = "header-missing", version = "1.0.0", owner = "team", may_change = {}, params = {}, changelog = { ["1.0.0"] = "First" } } -- expect: header @ {
function main() finish("done") end
