"""The texts of pipelines, read as the vendor reads them."""
