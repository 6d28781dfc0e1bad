-- A default outside its bounds
playbook {
  name = "param-range", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { 
    count = param.integer "How many" { default = 9, min = 1, max = 5 }, -- expect: bad-param @ default
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  finish("done", p.count)
end
