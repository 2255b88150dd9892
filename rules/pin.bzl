"""Pins: which images an environment runs, from a lock file in the repository."""

load("//rules/private:pin.bzl", _pin = "pin")
load("//rules/private:pin_tool.bzl", _pin_tool = "pin_tool")
load("//rules/private/providers:pin_info.bzl", _PinInfo = "PinInfo")

PinInfo = _PinInfo
pin = _pin
pin_tool = _pin_tool
