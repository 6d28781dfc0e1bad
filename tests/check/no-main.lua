-- A playbook that does nothing
playbook { -- expect: header @ {
  name = "no-main", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = {},
  changelog = { ["1.0.0"] = "First version" },
}
function mian() return 1 end
