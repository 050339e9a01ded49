"""Training as a job of Huawei's ModelArts."""
