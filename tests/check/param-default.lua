-- A default that does not fit
playbook {
  name = "param-default", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { 
    wait = param.duration "How long" { default = "soon" }, -- expect: bad-param @ default
  },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  sleep(p.wait)
  finish("done")
end
