-- An end of the run that looks like one of the block
playbook {
  name = "return-finish", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  parallel {
    function()
      return finish("done", p.domain) -- expect: return-finish @ return
    end,
    function() sleep "1m" end,
  }
end
