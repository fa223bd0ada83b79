"""The German network: real sites, postcodes and parcel prices, made-up orders."""
